import * as disk from '@unitsphere/core/disk';
import { diskError } from './disk-error.js';

/**
 * Writes a file atomically: whatever happens, its path holds either all of the old content or all of the new.
 *
 * @throws UserError when the disk is full or not writable. The old file is then unchanged.
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  try {
    await disk.writeFileAtomic(path, data);
  } catch (error) {
    throw diskError(error, path, Buffer.byteLength(data));
  }
}
