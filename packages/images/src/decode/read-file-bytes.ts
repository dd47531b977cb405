import { readFile } from 'node:fs/promises';
import { ImageError } from '../image-error.js';

/** Reads an image file. @throws ImageError if it cannot be read. */
export async function readFileBytes(path: string | URL): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason =
      code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'this is a folder, not an image' : message;
    throw new ImageError('IMAGE_UNREADABLE', `${String(path)}: ${reason}`, { cause });
  }
}
