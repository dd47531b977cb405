import { builtinModule } from './builtin-module.js';
import { isProcessRunning } from './process-running.js';

/** Prefix of the names of files and folders that are still being written. */
export const TEMPORARY_PREFIX = '.tmp-';

let count = 0;

/**
 * Returns an unused path beside `path` to write to before a rename: `.tmp-NAME-PID-RANDOM-COUNT`. No other process,
 * thread or call gets the same one.
 */
export function temporaryPath(path: string): string {
  const { basename, dirname, join } = builtinModule('node:path');
  const random = builtinModule('node:crypto').randomBytes(6).toString('hex');
  return join(dirname(path), `${TEMPORARY_PREFIX}${basename(path)}-${process.pid}-${random}-${count++}`);
}

/**
 * Deletes the temporary files and folders of `path` whose process no longer runs. Call it only for paths that
 * processes on this machine alone write: a process on another machine looks like one that has ended.
 */
export function removeAbandoned(path: string): void {
  const { readdirSync, rmSync } = builtinModule('node:fs');
  const { basename, dirname, join } = builtinModule('node:path');
  const start = `${TEMPORARY_PREFIX}${basename(path)}-`;
  for (const name of readdirSync(dirname(path))) {
    const owner = name.startsWith(start) ? /^(\d+)-[0-9a-f]+-\d+$/.exec(name.slice(start.length)) : null;
    if (!owner || isProcessRunning(Number(owner[1]))) continue;
    rmSync(join(dirname(path), name), { recursive: true, force: true });
  }
}
