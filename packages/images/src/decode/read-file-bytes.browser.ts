import { ImageError } from '../image-error.js';

/** @throws ImageError always: a page reads no files by their path. */
export async function readFileBytes(path: string | URL): Promise<Uint8Array> {
  throw new ImageError(
    'IMAGE_UNSUPPORTED',
    `${String(path)}: a page cannot read a path; give a File, or the blob of fetch(url)`,
  );
}
