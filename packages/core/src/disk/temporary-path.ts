import { builtinModule } from './builtin-module.js';
import { isProcessRunning } from './process-running.js';

/** Prefix of the names of files and folders that are still being written. */
export const TEMPORARY_PREFIX = '.tmp-';

/** Temporary files of other machines and containers count as abandoned after a day without a change. */
const ABANDONED_AFTER = 24 * 60 * 60_000;

let count = 0;

/**
 * Returns an unused path beside `path` to write to before a rename: `.tmp-NAME-PID-SPACE+RANDOM-COUNT`, where SPACE stands for
 * the machine or container in which PID means something. No other process, thread or call gets the same one.
 */
export function temporaryPath(path: string): string {
  const { basename, dirname, join } = builtinModule('node:path');
  const random = builtinModule('node:crypto').randomBytes(6).toString('hex');
  return join(
    dirname(path),
    `${TEMPORARY_PREFIX}${basename(path)}-${process.pid}-${pidSpace()}${random}-${count++}`,
  );
}

/**
 * Deletes the temporary files and folders of `path` that nobody writes any more: those whose process on this machine has
 * ended, and those of other machines and containers that have not changed for a day.
 */
export function removeAbandoned(path: string): void {
  const { readdirSync, rmSync } = builtinModule('node:fs');
  const { basename, dirname, join } = builtinModule('node:path');
  const start = `${TEMPORARY_PREFIX}${basename(path)}-`;
  for (const name of readdirSync(dirname(path))) {
    const owner = name.startsWith(start)
      ? /^(\d+)-([0-9a-f]{8})[0-9a-f]*-\d+$/.exec(name.slice(start.length))
      : null;
    const file = join(dirname(path), name);
    if (!owner || (owner[2] === pidSpace() ? isProcessRunning(Number(owner[1])) : isRecent(file))) continue;
    rmSync(file, { recursive: true, force: true });
  }
}

function isRecent(file: string): boolean {
  const entry = builtinModule('node:fs').statSync(file, { throwIfNoEntry: false });
  return entry !== undefined && Date.now() - entry.mtimeMs < ABANDONED_AFTER;
}

let space: string | undefined;

/** Returns eight hexadecimal digits that differ between machines, boots and containers with process ids of their own. */
function pidSpace(): string {
  if (space !== undefined) return space;
  const { readFileSync, readlinkSync } = builtinModule('node:fs');
  const read = (fn: () => string) => {
    try {
      return fn();
    } catch {
      // Not Linux.
      return '';
    }
  };
  const parts = [
    builtinModule('node:os').hostname(),
    read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
    read(() => readlinkSync('/proc/self/ns/pid')),
  ];
  space = builtinModule('node:crypto')
    .createHash('sha256')
    .update(parts.join('\n'))
    .digest('hex')
    .slice(0, 8);
  return space;
}
