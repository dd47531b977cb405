import type { Embedder } from '@unitsphere/embedder';

/** Computes unit-length embeddings. */
export interface ImageEmbedder {
  /**
   * @param images uint8 arrays of size × size × 3, RGB.
   * @returns float32, images.length × dimensions, row-major; `dimensions` is 0 if there are no images.
   */
  embed(images: readonly Uint8Array[]): Promise<{ embeddings: Float32Array; dimensions: number }>;
}

const BATCH_SIZE = 64;

/** Embeds images of the network's input size with an embedder. */
export function imageEmbedder(embedder: Embedder): ImageEmbedder {
  const { imageSize } = embedder.preprocessing;
  return {
    async embed(images) {
      const pixels = images.map((data) => ({ data, width: imageSize, height: imageSize }));
      const embeddings = joinEmbeddings(await embedder.embed(pixels, { batchSize: BATCH_SIZE }));
      return { embeddings, dimensions: images.length ? embedder.embeddingSize : 0 };
    },
  };
}

/** Concatenates images. */
export function joinImages(images: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(images.reduce((sum, image) => sum + image.length, 0));
  let to = 0;
  for (const image of images) {
    bytes.set(image, to);
    to += image.length;
  }
  return bytes;
}

/** Concatenates embeddings. */
export function joinEmbeddings(parts: readonly Float32Array[]): Float32Array {
  const embeddings = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let to = 0;
  for (const part of parts) {
    embeddings.set(part, to);
    to += part.length;
  }
  return embeddings;
}
