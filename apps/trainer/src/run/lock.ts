import { hostname } from 'node:os';
import { dirname } from 'node:path';
import {
  acquireLock,
  describeHolder,
  type FileLock,
  LockHeldError,
  LockUnsupportedError,
} from '@unitsphere/core/disk';
import { UserError } from '../user-error.js';
import { diskError } from './disk-error.js';

/**
 * Acquires the lock of a run or a study, so that two processes never write the same one. The end of a process releases its lock.
 *
 * @throws UserError if another process holds it, the file system has no locks, or the folder is not writable.
 */
export function takeLock(path: string): FileLock {
  try {
    return acquireLock(path);
  } catch (error) {
    if (error instanceof LockHeldError) throw explainHeld(error);
    if (error instanceof LockUnsupportedError) throw new UserError(error.message, { cause: error });
    throw diskError(error, path, 0);
  }
}

function explainHeld({ path, holder }: LockHeldError): UserError {
  const isHere = holder?.hostname === hostname();
  return new UserError(`another process writes ${dirname(path)}: ${describeHolder(holder)}`, {
    hint: isHere ? `Wait for it, or end it: kill ${holder?.pid}` : 'Wait for it, or end it there.',
  });
}
