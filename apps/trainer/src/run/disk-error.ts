import { dirname } from 'node:path';
import { explainDiskError, freeDiskSpace, isDiskFull } from '@unitsphere/core/disk';
import { formatBytes } from '../format-bytes.js';
import { UserError } from '../user-error.js';

/**
 * Returns what to throw when writing `path` fails: a {@link UserError} with the path, the bytes to write and the free
 * space if the disk or its permissions are the cause, otherwise the error itself.
 */
export function diskError(error: unknown, path: string, bytes: number): unknown {
  const reason = explainDiskError(error);
  if (!reason) return error;
  const isFull = isDiskFull(error);
  const free = isFull ? freeDiskSpace(dirname(path)) : undefined;
  const room = free === undefined ? '' : `, ${formatBytes(free)} free`;
  const need = bytes > 0 ? ` (${formatBytes(bytes)} to write${room})` : '';
  return new UserError(`cannot write ${path}: ${reason}${need}`, {
    hint: `Nothing already written was lost. ${isFull ? 'Make room' : remedy(error)}, then start again.`,
    cause: error,
  });
}

function remedy(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOTDIR' || code === 'EFBIG' ? 'Choose another folder' : 'Give write permission';
}
