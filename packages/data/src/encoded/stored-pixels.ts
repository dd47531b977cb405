import { RowStore } from '@unitsphere/core/disk';
import { hashWords } from './hash-words.js';

/** The decoded images of a source on disk, as plain data. */
export interface StoredPixelsSpec {
  readonly folder: string;
  readonly imageBytes: number;
}

/** Reads decoded images from disk. */
export interface StoredPixels {
  /** Returns the pixels of an image by the SHA-256 of its encoded bytes; undefined if they are not stored. */
  read(hash: Uint8Array): Uint8Array | undefined;
  close(): void;
}

/** Opens the decoded images of a source for reading. */
export function openStoredPixels({ folder, imageBytes }: StoredPixelsSpec): StoredPixels {
  const rows = new RowStore(folder, { rowBytes: imageBytes });
  return {
    read(hash) {
      const row = rows.find(hashWords(hash));
      if (row < 0) return undefined;
      const pixels = new Uint8Array(imageBytes);
      return rows.read([row], pixels).length > 0 ? undefined : pixels;
    },
    close: () => rows.close(),
  };
}
