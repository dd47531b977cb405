import { GalleryStoreError } from './errors.js';
import type { GalleryHeader } from './gallery-store.js';

/** Checks that a stored gallery has the embedder and the embedding size that the caller wants. @throws GalleryStoreError with code `WRONG_EMBEDDER`. */
export function checkSameHeader(path: string, stored: GalleryHeader, wanted: GalleryHeader): void {
  if (stored.embedder === wanted.embedder && stored.embeddingSize === wanted.embeddingSize) return;
  const describe = ({ embedder, embeddingSize }: GalleryHeader) => `${embedder} (${embeddingSize} values)`;
  throw new GalleryStoreError(
    'WRONG_EMBEDDER',
    `${path} holds embeddings of ${describe(stored)}, but the embedder is ${describe(wanted)}. ` +
      'Use the embedder of the gallery, or enroll the images again into a new gallery.',
  );
}
