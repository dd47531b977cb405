import type { EncodedImages, ImageReader } from './encoded-images.js';
import { readBlobs } from './read-blobs.js';

/** Opens the reader of encoded images in a page. @throws Error for images that are on a disk. */
export function openReader({ reader }: Pick<EncodedImages, 'table' | 'reader'>): ImageReader {
  if (reader.kind === 'blobs') return readBlobs(reader);
  throw new Error(
    'A browser cannot read images from a disk; hand them in as Blobs with a source of kind "images".',
  );
}
