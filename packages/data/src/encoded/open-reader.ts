import type { EncodedImages, ImageReader } from './encoded-images.js';
import { readArchive } from './read-archive.js';
import { readBlobs } from './read-blobs.js';
import { readFolder } from './read-folder.js';

/** Opens the reader of encoded images on this thread. */
export function openReader({ table, reader }: Pick<EncodedImages, 'table' | 'reader'>): ImageReader {
  switch (reader.kind) {
    case 'folder':
      return readFolder(reader, table);
    case 'archive':
      return readArchive(reader, table);
    case 'blobs':
      return readBlobs(reader);
  }
}
