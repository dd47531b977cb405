import type * as tf from '@tensorflow/tfjs-core';
import { Linear, Module, type Random } from '@unitsphere/core';
import { createNorm, listNorms, type NormName } from '@unitsphere/norms';

/** The name of a norm that the head can use: any of the registry of @unitsphere/norms. */
export type HeadNormName = NormName;

/** Returns the name of every norm that the head can use. */
export function listHeadNorms(): HeadNormName[] {
  return listNorms();
}

/** Options of `EmbeddingHead`. */
export interface EmbeddingHeadOptions {
  /** Norm after each linear layer. Default 'layernorm-batchnorm', the reference system's best. */
  norm?: HeadNormName;
  /** Random stream of the initial weights. */
  random: Random;
}

/**
 * Linear → norm → linear → norm, without biases or activations: the reference system's head. The embedding is not
 * normalized. State dict: `linear1`, `norm1`, `linear2`, `norm2`.
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
    if (!listHeadNorms().includes(norm)) {
      throw new Error(`EmbeddingHead: there is no norm "${norm}". Known: ${listHeadNorms().join(', ')}.`);
    }
    const linear = (features: number, name: string) =>
      new Linear(features, embeddingSize, { bias: false, random: random.fork(name) });
    this.#linear1 = this.child('linear1', linear(inFeatures, 'linear1'));
    this.#norm1 = this.child('norm1', createNorm(norm, embeddingSize));
    this.#linear2 = this.child('linear2', linear(embeddingSize, 'linear2'));
    this.#norm2 = this.child('norm2', createNorm(norm, embeddingSize));
  }

  override forward(x: tf.Tensor2D): tf.Tensor2D {
    return this.#norm2.forward(this.#linear2.forward(this.#norm1.forward(this.#linear1.forward(x))));
  }
}
