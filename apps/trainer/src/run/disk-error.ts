import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { formatBytes } from '../format.js';
import { UserError } from '../user-error.js';

const REASONS: Record<string, string> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EROFS: 'the file system is read-only',
};

/**
 * What to throw when writing fails: a {@link UserError} where the disk or its rights are the cause, with the path, the
 * bytes needed and the bytes free; any other error as it is.
 */
export async function diskError(error: unknown, path: string, bytes: number): Promise<unknown> {
  const reason = REASONS[(error as NodeJS.ErrnoException).code ?? ''];
  if (!reason) return error;
  const code = (error as NodeJS.ErrnoException).code;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  const free = full ? await freeBytes(dirname(path)) : undefined;
  const room = free === undefined ? '' : `, ${formatBytes(free)} free`;
  const need = bytes > 0 ? ` (${formatBytes(bytes)} to write${room})` : '';
  return new UserError(`cannot write ${path}: ${reason}${need}`, {
    hint: `Nothing already written was lost. ${full ? 'Make room' : 'Give write permission'}, then start again.`,
    cause: error,
  });
}

async function freeBytes(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}
