import type * as tf from '@tensorflow/tfjs-core';
import { type Backbone, createBackbone, type FeatureInfo } from '@unitsphere/backbones';
import { Module, type Random } from '@unitsphere/core';
import { createNeck, EmbeddingHead } from '@unitsphere/necks';
import type { ModelDescription } from '../embedder-config.js';
import { Identity } from './identity.js';

/** The architecture, without what only training or preprocessing requires. */
export type EmbeddingModelOptions = Omit<ModelDescription, 'head' | 'imageSize'> & {
  /** Default: `linear`. */
  head?: ModelDescription['head'];
  /** Stochastic depth while training: drop rate of the last block. Default: 0. */
  dropPathRate?: number;
};

/**
 * Backbone → neck → head: maps images to embeddings, which are not yet normalized.
 * float32 [batch, size, size, 3] → [batch, embeddingSize]. State dict: `backbone.*` (timm's keys), `neck.*`, `head.*`.
 */
export class EmbeddingModel extends Module<tf.Tensor4D, tf.Tensor2D> {
  readonly backbone: Backbone;
  readonly neck: Module<tf.Tensor4D, tf.Tensor2D>;
  readonly head: Module<tf.Tensor2D, tf.Tensor2D>;
  /** Length of the embedding. */
  readonly embeddingSize: number;

  /** @throws Error for a name that is not registered, or an image size that the backbone refuses. */
  constructor(options: EmbeddingModelOptions, imageSize: number, random: Random) {
    super();
    const { outIndex, squeezeRatio, head = 'linear', norm, embeddingSize = 256, dropPathRate } = options;
    this.backbone = this.child(
      'backbone',
      createBackbone(options.backbone, {
        random: random.fork('backbone'),
        inputSize: imageSize,
        ...(outIndex !== undefined && { outIndices: [outIndex] }),
        dropPathRate,
      }),
    );
    const { channels, reduction } = this.backbone.featureInfo.at(-1) as FeatureInfo;
    const side = Math.ceil(imageSize / reduction);
    const neck = createNeck(
      options.neck,
      { channels, height: side, width: side },
      {
        random: random.fork('neck'),
        squeezeRatio: options.neck === 'squeeze' ? squeezeRatio : undefined,
      },
    );
    this.neck = this.child('neck', neck.module);
    this.head = this.child(
      'head',
      head === 'none'
        ? new Identity()
        : new EmbeddingHead(neck.features, embeddingSize, { norm, random: random.fork('head') }),
    );
    this.embeddingSize = head === 'none' ? neck.features : embeddingSize;
  }

  override forward(images: tf.Tensor4D): tf.Tensor2D {
    return this.head.forward(this.neck.forward(this.backbone.forward(images)));
  }
}
