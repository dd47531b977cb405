import fsPromises, { type FileHandle, open, rm } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Crash, type Fault } from './faults.js';

/** A fault of file handles. */
export type HandleFault =
  | Fault
  /** As `crash`, and each write since the last sync of its file reaches the disk or not, by `keeps`. */
  | 'power';

const METHODS = ['write', 'truncate', 'sync', 'datasync'] as const;

interface Originals extends Pick<FileHandle, 'truncate' | 'sync' | 'datasync'> {
  write(
    this: FileHandle,
    bytes: Uint8Array,
    from: number,
    length: number,
    position: number,
  ): Promise<unknown>;
}

interface UnsyncedWrite {
  file: FileHandle;
  position: number;
  before: Uint8Array;
}

/**
 * Runs `fn` with a fault at the call with index `at`, from 0, of those that change the disk by `FileHandle` or
 * `fs/promises.rename`. See `withFault` for synchronous calls.
 * @param keeps For `power`: whether a write that was not synced is kept. Default: none is.
 * @returns The number of such calls.
 */
export async function withHandleFault(
  fault: HandleFault,
  at: number,
  fn: () => Promise<void>,
  keeps: () => boolean = () => false,
): Promise<number> {
  const prototype = await handlePrototype();
  const originals = METHODS.map((name) => [name, prototype[name]] as const);
  const { rename } = fsPromises;
  const original = Object.fromEntries(originals) as unknown as Originals;
  let calls = 0;
  let unsynced: UnsyncedWrite[] = [];

  /** Carries out a call, or fails. `partial` is what a failing call still does. */
  const carryOut = async (
    isWrite: boolean,
    full: () => Promise<unknown>,
    partial?: () => Promise<unknown>,
  ) => {
    const call = calls++;
    if (call < at || (fault === 'full' && !isWrite)) return full();
    if (call === at) {
      await partial?.();
      if (fault === 'power') await losePower();
    }
    throw fault === 'full'
      ? Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
      : new Crash();
  };
  const losePower = async () => {
    // The newest first, so that of two writes to one place the older content remains.
    for (const { file, position, before } of unsynced.reverse()) {
      if (keeps()) continue;
      // A closed file was replaced by another.
      await original.write.call(file, before, 0, before.length, position).catch(() => {});
    }
    unsynced = [];
  };
  const remember = async (file: FileHandle, length: number, position: number) => {
    const before = new Uint8Array(length);
    // A file that is open only for writing is new, so that zeros were before.
    await file.read(before, 0, length, position).catch(() => {});
    // Repeated writes to one place, such as those of a header, count as one.
    if (!unsynced.some((one) => one.file === file && one.position === position)) {
      unsynced.push({ file, position, before });
    }
  };

  const patched = prototype as unknown as Record<string, unknown>;
  patched['write'] = function (
    this: FileHandle,
    bytes: Uint8Array,
    from: number,
    length: number,
    to: number,
  ) {
    return carryOut(
      true,
      async () => {
        if (fault === 'power') await remember(this, length, to);
        return original.write.call(this, bytes, from, length, to);
      },
      () => original.write.call(this, bytes, from, length >> 1, to),
    );
  };
  patched['truncate'] = function (this: FileHandle, length: number) {
    return carryOut(false, () => original.truncate.call(this, length));
  };
  for (const name of ['sync', 'datasync'] as const) {
    patched[name] = function (this: FileHandle) {
      return carryOut(false, async () => {
        await original[name].call(this);
        unsynced = unsynced.filter(({ file }) => file !== this);
      });
    };
  }
  fsPromises.rename = (from, to) => carryOut(false, () => rename(from, to)) as Promise<void>;
  syncBuiltinESMExports();
  try {
    await fn();
  } finally {
    for (const [name, method] of originals) patched[name] = method;
    fsPromises.rename = rename;
    syncBuiltinESMExports();
  }
  return calls;
}

/** Returns the prototype of file handles, which Node does not export. */
async function handlePrototype(): Promise<FileHandle> {
  const path = join(tmpdir(), `handle-${process.pid}-${Math.random()}`);
  const file = await open(path, 'w');
  await file.close();
  await rm(path);
  return Object.getPrototypeOf(file);
}
