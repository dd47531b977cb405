import type { EncodedImages, ImageReader } from './encoded-images.js';
import { regionAt } from './image-region.js';
import { readArchive } from './read-archive.js';
import { readBlobs } from './read-blobs.js';
import { readFolder } from './read-folder.js';

/** Opens the reader of encoded images on this thread. */
export function openReader(images: Pick<EncodedImages, 'table' | 'reader' | 'regions'>): ImageReader {
  const reader = readerOf(images);
  const { regions } = images;
  if (!regions) return reader;
  const signature = (image: number) => {
    const [file, region] = [reader.signature(image), regionAt(regions, image)];
    return file !== undefined && region ? `${file} ${region.join(' ')}` : file;
  };
  return { ...reader, signature };
}

function readerOf({ table, reader }: Pick<EncodedImages, 'table' | 'reader'>): ImageReader {
  switch (reader.kind) {
    case 'folder':
      return readFolder(reader, table);
    case 'archive':
      return readArchive(reader, table);
    case 'blobs':
      return readBlobs(reader);
  }
}
