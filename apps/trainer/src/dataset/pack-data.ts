import { type FormatSpec, listImages, packImages } from '@unitsphere/data';
import { sourceOfPath } from '../config/file-sources.js';
import { UserError } from '../user-error.js';

/** Returns the specification of the images at a path. */
export function specOfPath(path: string): FormatSpec {
  const kind = sourceOfPath(path);
  return kind === 'folder' ? { kind, dir: path } : { kind, path };
}

/**
 * Packs the images at a path into `file`, NAME.tar or NAME.rec; an interrupted packing is continued.
 * @returns The number of images, and of files that are left out.
 * @throws UserError if the images cannot be read.
 */
export async function packData(
  path: string,
  file: string,
  {
    onListed,
    onProgress,
  }: { onListed?: (files: number) => void; onProgress?: (done: number, total: number) => void } = {},
): Promise<{ images: number; skipped: number }> {
  try {
    const images = await listImages(specOfPath(path), onListed);
    await packImages(images, file, { onProgress });
    return { images: images.table.bytes.length, skipped: images.skipped.length };
  } catch (error) {
    throw new UserError((error as Error).message, {
      hint: 'Run the same command again to continue where it stopped.',
      cause: error,
    });
  }
}
