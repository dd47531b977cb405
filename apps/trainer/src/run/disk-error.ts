import { dirname } from 'node:path';
import { explainDiskError, freeDiskSpace, isDiskFull } from '@unitsphere/core/disk';
import { formatBytes } from '../format-bytes.js';
import { UserError } from '../user-error.js';

/**
 * Returns what to throw when writing `path` fails: a {@link UserError} with the path, the bytes to write and the free
 * space if the disk or its permissions are the cause, otherwise the error itself.
 */
export function diskError(error: unknown, path: string, bytes: number): unknown {
  const reason = explainRunDiskError(error);
  if (!reason) return error;
  const isFull = isDiskFull(error);
  const free = isFull ? freeDiskSpace(dirname(path)) : undefined;
  const room = free === undefined ? '' : `, ${formatBytes(free)} free`;
  const need = bytes > 0 ? ` (${formatBytes(bytes)} to write${room})` : '';
  return new UserError(`cannot write ${path}: ${reason}${need}`, {
    hint: `Nothing already written was lost. ${diskRemedy(error)}, then start again.`,
    cause: error,
  });
}

/** Returns the reason of a disk error in words. A folder that cannot be created in an existing one is not writable. */
export function explainRunDiskError(error: unknown): string | undefined {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' && syscall === 'mkdir' ? 'its folder is read-only' : explainDiskError(error);
}

/** Returns what to do about an error of the disk, as the beginning of a sentence. */
export function diskRemedy(error: unknown): string {
  if (isDiskFull(error)) return 'Make room';
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EMFILE':
    case 'ENFILE':
      return 'Allow more open files (ulimit -n 4096), or read images by fewer threads (--set data.workers=1)';
    case 'ENAMETOOLONG':
      return 'Use shorter names (--set output.name=NAME, --output DIR)';
    case 'EFBIG':
      return 'Allow larger files (ulimit -f unlimited), or use another disk (--output DIR)';
    case 'EIO':
    case 'ESTALE':
      return 'Check the disk, or use another one';
    case 'ENOTDIR':
      return 'Choose another folder';
    default:
      return 'Give write permission, or choose another folder';
  }
}
