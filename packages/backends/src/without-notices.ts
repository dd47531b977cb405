import { builtinModule } from '@unitsphere/core/disk';

/**
 * Calls a function of a native library and drops the given notices from what it writes to standard error. Everything else is
 * written through, and if the call throws, the notices too.
 *
 * Libraries write to descriptor 2 directly, so the descriptor is replaced by a file while the call runs. This requires Linux, and
 * standard error on a terminal, a device or a pipe: sockets cannot be opened again, and regular files would get a second offset.
 * Elsewhere, in worker threads and in browsers, the notices stay. If the library ends the process, what it wrote during the call is
 * lost.
 *
 * @param call Must be synchronous. Await {@link endOfCallbacks} before.
 */
export function withoutNotices<Result>(notices: readonly RegExp[], call: () => Result): Result {
  const capture = openCapture();
  if (!capture) return call();
  let isDone = false;
  try {
    const result = call();
    isDone = true;
    return result;
  } finally {
    const lines = capture.close().split(/(?<=\n)/);
    const kept = lines.filter((line) => !isDone || !notices.some((notice) => notice.test(line)));
    if (kept.length > 0) process.stderr.write(kept.join(''));
  }
}

/** Waits until no callback runs in Node: its request would count as one that may still open files. */
export async function endOfCallbacks(): Promise<void> {
  if (builtinModule('node:fs')) await new Promise((resolve) => setImmediate(resolve));
}

/** Replaces descriptor 2 by a file. @returns How to restore it and get the text; undefined if it cannot be replaced safely. */
function openCapture(): { close(): string } | undefined {
  const fs = builtinModule('node:fs');
  if (!fs || process.platform !== 'linux' || !builtinModule('node:worker_threads').isMainThread) return;
  // Reading process.stderr creates the stream, which looks at its descriptor only then.
  if (process.stderr.writableLength > 0 || mayOpenFiles()) return;
  const { constants, openSync, closeSync, readFileSync, unlinkSync } = fs;
  const { join } = builtinModule('node:path');
  const opened: number[] = [];
  const closeOpened = () => {
    for (const descriptor of opened) closeSync(descriptor);
  };
  let flags: number;
  try {
    // Other than a Stats of numbers, this one leaves no trace in Node, whose realpathSync stops after a Stats of a pipe.
    const stats = fs.fstatSync(2, { bigint: true });
    if (!stats.isFIFO() && !stats.isCharacterDevice()) return;
    // Opening a pipe whose reader has ended would block.
    flags = constants.O_WRONLY | (stats.isFIFO() ? constants.O_NONBLOCK : constants.O_NOCTTY);
    opened.push(openSync('/proc/self/fd/2', flags));
    const file = join(
      builtinModule('node:os').tmpdir(),
      `unitsphere-${builtinModule('node:crypto').randomUUID()}`,
    );
    opened.push(openSync(file, 'wx+', 0o600));
    unlinkSync(file);
  } catch {
    closeOpened();
    return;
  }
  const [kept, reader] = opened;
  // An open file takes the lowest free descriptor, which is 2 from here on: `kept` has taken a lower one, if any was free.
  closeSync(2);
  const restore = () => {
    try {
      openSync(`/proc/self/fd/${kept}`, flags);
    } catch {
      // The pipe's reader has ended meanwhile.
      openSync('/dev/null', 'w');
    }
  };
  try {
    openSync(`/proc/self/fd/${reader}`, constants.O_WRONLY | constants.O_APPEND);
  } catch {
    restore();
    closeOpened();
    return;
  }
  return {
    close() {
      closeSync(2);
      restore();
      const text = readFileSync(reader, 'utf8');
      closeOpened();
      return text;
    },
  };
}

/**
 * Whether another thread of this process may open a file at any moment, which could then take descriptor 2; as far as Node tells.
 * It also lists an FSReqCallback where none is pending.
 */
function mayOpenFiles(): boolean {
  return process
    .getActiveResourcesInfo()
    .some((name) => /^(FSReqPromise|GetAddrInfo|Worker|MessagePort)/.test(name));
}
