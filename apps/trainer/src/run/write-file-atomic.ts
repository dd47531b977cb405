import * as disk from '@unitsphere/core/disk';
import { diskError } from './disk-error.js';

/**
 * Writes a file atomically: its path always holds either the complete old content or the complete new content.
 *
 * @throws UserError if the disk is full or not writable. The old file is then unchanged.
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  try {
    await disk.writeFileAtomic(path, data);
  } catch (error) {
    throw diskError(error, path, Buffer.byteLength(data));
  }
}
