import { builtinModule } from './builtin-module.js';

/** What the holder of a lock wrote about itself into the lock's file, for messages. */
export interface LockHolder {
  pid: number;
  /** Name of the machine or container. */
  hostname: string;
  /** Time of the acquisition, ISO 8601. */
  since: string;
}

/** A lock held by this thread. */
export interface FileLock {
  readonly path: string;
  /** Releases the lock and deletes its file; idempotent. The end of the process, however it ends, releases it too. */
  release(): void;
}

/** Thrown when a lock is held. `holder` is undefined if its file could not be read. */
export class LockHeldError extends Error {
  override readonly name = 'LockHeldError';
  /** Stable name of the error, for programs. */
  readonly code = 'LOCK_HELD';

  constructor(
    readonly path: string,
    readonly holder: LockHolder | undefined,
  ) {
    super(`The lock ${path} is held by ${describeHolder(holder)}.`);
  }
}

/** Thrown when the file system of a lock has no locks, or the library for them cannot be loaded. */
export class LockUnsupportedError extends Error {
  override readonly name = 'LockUnsupportedError';
  /** Stable name of the error, for programs. */
  readonly code = 'LOCK_UNSUPPORTED';
}

/** Describes a holder in words: "pid 12 on this machine since 2026-03-01 14:05:09 UTC". */
export function describeHolder(holder: LockHolder | undefined): string {
  if (!holder) return 'another process';
  const isHere = holder.hostname === builtinModule('node:os').hostname();
  const since = holder.since.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC');
  return `pid ${holder.pid} on ${isHere ? 'this machine' : holder.hostname} since ${since}`;
}

/**
 * Acquires an exclusive lock on a file of its own, which is created if missing. The kernel holds the lock: a process that
 * ends, even by SIGKILL, releases it, and no state of an earlier process, host name or clock is trusted. Containers on one
 * machine and clients of one NFS server (without `nolock`) see each other's locks. The lock excludes other threads and other
 * calls of this process too.
 *
 * @throws LockHeldError if it is held; LockUnsupportedError if the file system has no locks; errors of the disk.
 */
export function acquireLock(path: string): FileLock {
  const { closeSync, fstatSync, openSync, statSync } = builtinModule('node:fs');
  for (;;) {
    const fd = openSync(path, 'a+');
    try {
      if (!tryLock(fd, path)) throw new LockHeldError(path, readHolder(fd));
      const held = fstatSync(fd, { bigint: true });
      const there = statSync(path, { bigint: true, throwIfNoEntry: false });
      // Otherwise the previous holder has deleted this file since it was opened, and a new one may be locked by another.
      if (there?.ino === held.ino && there.dev === held.dev) {
        writeHolder(fd);
        return heldLock(path, fd);
      }
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    closeSync(fd);
  }
}

/** Options of {@link waitForLock}. */
export interface WaitForLockOptions {
  /** Ends the waiting. */
  signal?: AbortSignal;
  /** Called once, before the first wait. */
  onWait?: (holder: LockHolder | undefined) => void;
}

/**
 * Waits until a lock can be acquired; see {@link acquireLock}. It tries every 200 ms. Waiters are not served in order.
 * @throws The signal's reason if it is aborted; LockUnsupportedError; errors of the disk.
 */
export async function waitForLock(
  path: string,
  { signal, onWait }: WaitForLockOptions = {},
): Promise<FileLock> {
  const { setTimeout } = builtinModule('node:timers/promises');
  for (let waits = 0; ; waits++) {
    signal?.throwIfAborted();
    try {
      return acquireLock(path);
    } catch (error) {
      if (!(error instanceof LockHeldError)) throw error;
      if (waits === 0) onWait?.(error.holder);
    }
    await setTimeout(200, undefined, { signal }).catch((error) => {
      throw signal?.reason ?? error;
    });
  }
}

function heldLock(path: string, fd: number): FileLock {
  const { closeSync, rmSync } = builtinModule('node:fs');
  let isHeld = true;
  return {
    path,
    release() {
      if (!isHeld) return;
      isHeld = false;
      try {
        // While it is still locked, so that nobody else's file is deleted.
        rmSync(path, { force: true });
      } catch {
        // A file that stays behind is not locked.
      }
      closeSync(fd);
    },
  };
}

function writeHolder(fd: number): void {
  const { ftruncateSync, writeSync } = builtinModule('node:fs');
  const { hostname } = builtinModule('node:os');
  const holder: LockHolder = {
    pid: process.pid,
    hostname: hostname(),
    since: new Date().toISOString(),
  };
  try {
    ftruncateSync(fd);
    writeSync(fd, `${JSON.stringify(holder)}\n`);
  } catch {
    // The content serves messages only; a full disk must not prevent the lock.
  }
}

function readHolder(fd: number): LockHolder | undefined {
  const { readSync } = builtinModule('node:fs');
  try {
    const bytes = new Uint8Array(4096);
    const { pid, hostname, since } = JSON.parse(
      new TextDecoder().decode(bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0))),
    );
    if (typeof pid !== 'number' || typeof hostname !== 'string' || typeof since !== 'string')
      return undefined;
    return { pid, hostname, since };
  } catch {
    return undefined;
  }
}

interface NativeLocks {
  /** Locks `length` bytes from `offset`; 0 and 0 lock the whole file. Returns false if they are locked. */
  tryLock(fd: number, offset: number, length: number): boolean;
}

let native: NativeLocks | undefined;

function tryLock(fd: number, path: string): boolean {
  native ??= loadNativeLocks();
  try {
    // A locked byte cannot be read on Windows, so the locked one lies beyond the holder's description.
    return process.platform === 'win32' ? native.tryLock(fd, 2 ** 30, 1) : native.tryLock(fd, 0, 0);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!['ENOLCK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL'].includes(code ?? '')) throw error;
    throw new LockUnsupportedError(
      `Cannot lock ${path}: its file system has no file locks (${code}). Use a folder on a disk that has them, or mount this one with locks (Lustre: -o flock).`,
      { cause: error },
    );
  }
}

function loadNativeLocks(): NativeLocks {
  try {
    return builtinModule('node:module').createRequire(import.meta.url)('fs-native-extensions') as NativeLocks;
  } catch (cause) {
    throw new LockUnsupportedError(
      `Cannot load fs-native-extensions, which locks files on ${process.platform}-${process.arch}. Install the packages again (npm install); platforms without a prebuilt library are not supported.`,
      { cause },
    );
  }
}
