import type * as tf from '@tensorflow/tfjs-core';
import { Linear, Module, type Random } from '@unitsphere/core';
import { BatchNorm1d, BatchNormLayerNorm, LayerNorm, LayerNormBatchNorm } from '@unitsphere/norms';

// A new norm for the head is one line here.
const norms = {
  layernorm: (features: number): Module => new LayerNorm(features),
  batchnorm: (features: number) => new BatchNorm1d(features),
  'layernorm-batchnorm': (features: number) => new LayerNormBatchNorm(features),
  'batchnorm-layernorm': (features: number) => new BatchNormLayerNorm(features),
};

/** The name of a norm that the head can use. */
export type HeadNormName = keyof typeof norms;

/** Every norm's name. */
export function listHeadNorms(): HeadNormName[] {
  return Object.keys(norms) as HeadNormName[];
}

/** What the head is made with, beside its sizes. */
export interface EmbeddingHeadOptions {
  /** Default 'layernorm-batchnorm', the reference system's best. */
  norm?: HeadNormName;
  /** The stream of the initial weights. */
  random: Random;
}

/**
 * Linear → norm → Linear → norm, both without bias and nothing between: the reference system's head. The embedding is not
 * yet of unit length. State dict: `linear1`, `norm1`, `linear2`, `norm2`.
 * float32 [batch, inFeatures] → [batch, embeddingSize].
 */
export class EmbeddingHead extends Module<tf.Tensor2D, tf.Tensor2D> {
  readonly #linear1;
  readonly #norm1;
  readonly #linear2;
  readonly #norm2;

  /** @throws Error for a norm that is not in `listHeadNorms()`. */
  constructor(
    inFeatures: number,
    embeddingSize: number,
    { norm = 'layernorm-batchnorm', random }: EmbeddingHeadOptions,
  ) {
    super();
    const makeNorm = Object.hasOwn(norms, norm) ? norms[norm] : undefined;
    if (!makeNorm)
      throw new Error(`EmbeddingHead: there is no norm "${norm}". Known: ${listHeadNorms().join(', ')}.`);
    const linear = (features: number, name: string) =>
      new Linear(features, embeddingSize, { bias: false, random: random.fork(name) });
    this.#linear1 = this.child('linear1', linear(inFeatures, 'linear1'));
    this.#norm1 = this.child('norm1', makeNorm(embeddingSize) as Module<tf.Tensor2D, tf.Tensor2D>);
    this.#linear2 = this.child('linear2', linear(embeddingSize, 'linear2'));
    this.#norm2 = this.child('norm2', makeNorm(embeddingSize) as Module<tf.Tensor2D, tf.Tensor2D>);
  }

  override forward(x: tf.Tensor2D): tf.Tensor2D {
    return this.#norm2.forward(this.#linear2.forward(this.#norm1.forward(this.#linear1.forward(x))));
  }
}
