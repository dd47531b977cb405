import { RowStore } from '@unitsphere/core/disk';
import { hashWords } from './hash-words.js';

/** The decoded images of a source on disk, as plain data. */
export interface StoredPixelsSpec {
  readonly folder: string;
  readonly imageBytes: number;
}

/** Reads decoded images from disk. */
export interface StoredPixels {
  /**
   * Reads the pixels of an image by the SHA-256 of its encoded bytes into `pixels`. Returns whether they are stored; otherwise
   * `pixels` may have been changed.
   */
  read(hash: Uint8Array, pixels: Uint8Array): boolean;
  close(): void;
}

/** Opens the decoded images of a source for reading. */
export function openStoredPixels({ folder, imageBytes }: StoredPixelsSpec): StoredPixels {
  const rows = new RowStore(folder, { rowBytes: imageBytes });
  return {
    read(hash, pixels) {
      const row = rows.find(hashWords(hash));
      return row >= 0 && rows.read([row], pixels).length === 0;
    },
    close: () => rows.close(),
  };
}
