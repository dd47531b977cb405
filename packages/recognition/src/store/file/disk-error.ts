import { explainDiskError, explainWriteError, isDiskFull } from '@unitsphere/core/disk';
import { GalleryStoreError } from '../errors.js';

/** Returns what to throw when a file of a gallery could not be opened or read. */
export function toReadError(path: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof GalleryStoreError || typeof code !== 'string') return error;
  if (code === 'ENOENT') return notFound(path, error);
  return new GalleryStoreError(
    'UNAVAILABLE',
    `cannot read ${path}: ${explainDiskError(error) ?? `the system reports ${code}`}.`,
    { cause: error },
  );
}

/** Returns what to throw when a file of a gallery could not be written. */
export function toWriteError(path: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof GalleryStoreError || typeof code !== 'string') return error;
  if (code === 'ENOENT') return notFound(path, error);
  const reason = explainWriteError(path, error) ?? `the system reports ${code}`;
  if (isDiskFull(error) || code === 'EFBIG') {
    return new GalleryStoreError(
      'DISK_FULL',
      `cannot write ${path}: ${reason}. Nothing of this transaction is stored, and all before it is intact. Free space, then repeat it.`,
      { cause: error },
    );
  }
  if (['EACCES', 'EPERM', 'EROFS'].includes(code)) {
    return new GalleryStoreError(
      'READ_ONLY',
      `cannot write ${path}: ${reason}. Allow writing to the file and its folder, or open the gallery with readOnly: true.`,
      { cause: error },
    );
  }
  return new GalleryStoreError(
    'UNAVAILABLE',
    `cannot write ${path}: ${reason}. All acknowledged transactions are intact.`,
    { cause: error },
  );
}

function notFound(path: string, cause: unknown): GalleryStoreError {
  return new GalleryStoreError(
    'NOT_FOUND',
    `there is no gallery ${path}, or its folder does not exist. Check the path, or give \`header\` to create a gallery in an existing folder.`,
    { cause },
  );
}
