import type { ImageReader } from './encoded-images.js';

/** Images in memory, or files that a visitor of a page has picked. */
export interface BlobsSpec {
  readonly kind: 'blobs';
  readonly blobs: readonly Blob[];
}

/** Reads images that a program has handed in. */
export function readBlobs({ blobs }: BlobsSpec): ImageReader {
  return {
    read: async (image) => new Uint8Array(await blobs[image].arrayBuffer()),
    signature: () => undefined,
    close: () => {},
  };
}
