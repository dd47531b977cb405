import { type Embedder, embedPixels } from '@unitsphere/embedder';
import type { EvaluationImages } from '../dataset/evaluation-images.js';
import { UserError } from '../user-error.js';

/** Options of {@link ImageEmbedder}. */
export interface EmbedImagesOptions {
  /** Whether embeddings are scaled to unit length. Default: true. */
  normalize?: boolean;
}

/** Computes embeddings of unit length. */
export interface ImageEmbedder {
  /**
   * @param images uint8 arrays of size × size × 3, RGB.
   * @returns float32, images.length × dimensions, row-major; `dimensions` is 0 if there are no images.
   */
  embed(
    images: readonly Uint8Array[],
    options?: EmbedImagesOptions,
  ): Promise<{ embeddings: Float32Array; dimensions: number }>;
}

const BATCH_SIZE = 64;

/** Images that are in memory at once while an evaluation embeds them. */
const CHUNK = 256;

/** Embeds the images of an evaluation, of which only some are in memory at a time. */
export async function embedEvaluation(
  embedder: ImageEmbedder,
  { images, load }: Pick<EvaluationImages, 'images' | 'load'>,
): Promise<{ embeddings: Float32Array; dimensions: number }> {
  const parts: Float32Array[] = [];
  let dimensions = 0;
  for (let from = 0; from < images.length; from += CHUNK) {
    const positions = Array.from({ length: Math.min(CHUNK, images.length - from) }, (_, i) => from + i);
    const pixels = (await load(positions)).map(({ data }) => data);
    const embedded = await embedder.embed(pixels);
    parts.push(embedded.embeddings);
    dimensions = embedded.dimensions;
  }
  return { embeddings: joinEmbeddings(parts), dimensions };
}

/** Embeds images of the network's input size with an embedder. */
export function imageEmbedder(embedder: Embedder): ImageEmbedder {
  const { preprocessing, model } = embedder;
  const { imageSize } = preprocessing;
  return {
    async embed(images, { normalize = true } = {}) {
      const dimensions = images.length ? embedder.embeddingSize : 0;
      if (!normalize) {
        if (!model)
          throw new UserError('embeddings before their normalization require a model on TensorFlow.js');
        const parts: Float32Array[] = [];
        for (let from = 0; from < images.length; from += BATCH_SIZE) {
          const pixels = joinImages(images.slice(from, from + BATCH_SIZE));
          parts.push(await embedPixels(model, pixels, preprocessing, { normalize }));
        }
        return { embeddings: joinEmbeddings(parts), dimensions };
      }
      const pixels = images.map((data) => ({ data, width: imageSize, height: imageSize }));
      const embeddings = joinEmbeddings(await embedder.embed(pixels, { batchSize: BATCH_SIZE }));
      return { embeddings, dimensions };
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
