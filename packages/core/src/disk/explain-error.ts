import { builtinModule } from './builtin-module.js';

const REASONS: Record<string, string> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file is larger than the file system or its limit allows',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EBUSY: 'another program has the file open',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is not a folder',
  ENAMETOOLONG: 'the path, or a name in it, is too long',
  EMFILE: 'this process has too many open files',
  ENFILE: 'the system has too many open files',
  EIO: 'the disk failed',
  ESTALE: 'the network file system has lost the file',
};

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException | undefined)?.code ?? '';

/** Returns the reason of a disk error in words, such as "the disk is full"; undefined for any other error. */
export function explainDiskError(error: unknown): string | undefined {
  const reason = REASONS[codeOf(error)];
  // Windows reports an open file that cannot be replaced like a missing right.
  return process.platform === 'win32' && reason === REASONS['EPERM']
    ? `${reason}, or another program has the file open`
    : reason;
}

/** Returns the reason why `path` could not be written, with the free space; undefined for an error not of the disk. */
export function explainWriteError(path: string, error: unknown): string | undefined {
  const reason = explainDiskError(error);
  if (!reason) return undefined;
  const free = freeDiskSpace(builtinModule('node:path').dirname(path));
  return free === undefined ? reason : `${reason} (${Math.floor(free / 2 ** 20)} MiB free)`;
}

/** Returns whether an error says that the disk, or the user's quota on it, is full. */
export function isDiskFull(error: unknown): boolean {
  return codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT';
}

/** Returns the bytes that the user can still write to a folder's disk; undefined if the system does not report them. */
export function freeDiskSpace(folder: string): number | undefined {
  try {
    const { bavail, bsize } = builtinModule('node:fs').statfsSync(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
