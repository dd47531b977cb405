import * as tf from '@tensorflow/tfjs-core';
import { l2Normalize } from '@unitsphere/ops';
import type { EmbeddingModel } from '../model/embedding-model.js';
import { type Preprocessing, toInput } from '../model/preprocessing.js';

/** Computes unit-length embeddings. */
export interface ImageEmbedder {
  /**
   * @param images uint8 arrays of size × size × 3, RGB.
   * @returns float32, images.length × dimensions, row-major; `dimensions` is 0 if there are no images.
   */
  embed(images: readonly Uint8Array[]): Promise<{ embeddings: Float32Array; dimensions: number }>;
}

/** Embeds in batches, in the model's current mode. */
export class Embedder implements ImageEmbedder {
  readonly #model: EmbeddingModel;
  readonly #preprocessing: Preprocessing;
  readonly #batchSize: number;

  constructor(model: EmbeddingModel, preprocessing: Preprocessing, batchSize = 64) {
    this.#model = model;
    this.#preprocessing = preprocessing;
    this.#batchSize = batchSize;
  }

  async embed(images: readonly Uint8Array[]): Promise<{ embeddings: Float32Array; dimensions: number }> {
    const parts: Float32Array[] = [];
    for (let at = 0; at < images.length; at += this.#batchSize) {
      const bytes = joinImages(images.slice(at, at + this.#batchSize));
      parts.push(await embedBatch(this.#model, bytes, this.#preprocessing));
    }
    const embeddings = joinEmbeddings(parts);
    return { embeddings, dimensions: images.length ? embeddings.length / images.length : 0 };
  }
}

/** Computes unit-length embeddings of concatenated images, in the model's current mode; empty if there are no images. */
export async function embedBatch(
  model: EmbeddingModel,
  images: Uint8Array,
  preprocessing: Preprocessing,
): Promise<Float32Array> {
  if (images.length === 0) return new Float32Array(0);
  const embedded = tf.tidy(() => l2Normalize(model.forward(toInput(images, preprocessing))));
  try {
    return (await embedded.data()) as Float32Array;
  } finally {
    embedded.dispose();
  }
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
