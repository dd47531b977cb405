import * as tf from '@tensorflow/tfjs-core';
import { l2Normalize } from '@unitsphere/ops';
import type { EmbeddingModel } from '../model/embedding-model.js';
import { type Preprocessing, toInput } from '../model/preprocessing.js';

/** Unit-length embeddings of many images, made in batches. */
export class Embedder {
  constructor(
    private readonly model: EmbeddingModel,
    private readonly preprocessing: Preprocessing,
    private readonly batchSize = 64,
  ) {}

  /**
   * Embeds images in the model's present mode.
   * @param images One size × size × 3 array of bytes each, RGB.
   * @returns images.length × embeddingSize, row-major.
   */
  async embed(images: readonly Uint8Array[]): Promise<{ embeddings: Float32Array; dimensions: number }> {
    const parts: Float32Array[] = [];
    for (let at = 0; at < images.length; at += this.batchSize) {
      const batch = images.slice(at, at + this.batchSize);
      const bytes = new Uint8Array(batch.reduce((sum, image) => sum + image.length, 0));
      let to = 0;
      for (const image of batch) {
        bytes.set(image, to);
        to += image.length;
      }
      const embedded = tf.tidy(() => l2Normalize(this.model.forward(toInput(bytes, this.preprocessing))));
      parts.push((await embedded.data()) as Float32Array);
      embedded.dispose();
    }
    const total = parts.reduce((sum, part) => sum + part.length, 0);
    const embeddings = new Float32Array(total);
    let to = 0;
    for (const part of parts) {
      embeddings.set(part, to);
      to += part.length;
    }
    return { embeddings, dimensions: images.length ? total / images.length : 0 };
  }
}
