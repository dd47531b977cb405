import type * as tf from '@tensorflow/tfjs-core';
import { type Backbone, createBackbone, type FeatureInfo } from '@unitsphere/backbones';
import { Module, type Random } from '@unitsphere/core';
import { createNeck, EmbeddingHead } from '@unitsphere/necks';
import type { ModelConfig } from '../config/config.js';

/**
 * Backbone → neck → head: maps images to embeddings, which are not yet normalized.
 * float32 [batch, size, size, 3] → [batch, embeddingSize]. State dict: `backbone.*` (timm's keys), `neck.*`, `head.*`.
 */
export class EmbeddingModel extends Module<tf.Tensor4D, tf.Tensor2D> {
  readonly backbone: Backbone;
  readonly neck: Module<tf.Tensor4D, tf.Tensor2D>;
  readonly head: EmbeddingHead;

  constructor(config: ModelConfig, imageSize: number, random: Random) {
    super();
    this.backbone = this.child(
      'backbone',
      createBackbone(config.backbone, {
        random: random.fork('backbone'),
        inputSize: imageSize,
        ...(config.outIndex !== undefined && { outIndices: [config.outIndex] }),
        dropPathRate: config.dropPathRate,
      }),
    );
    const { channels, reduction } = this.backbone.featureInfo.at(-1) as FeatureInfo;
    const side = Math.ceil(imageSize / reduction);
    const neck = createNeck(
      config.neck,
      { channels, height: side, width: side },
      {
        random: random.fork('neck'),
        squeezeRatio: config.neck === 'squeeze' ? config.squeezeRatio : undefined,
      },
    );
    this.neck = this.child('neck', neck.module);
    this.head = this.child(
      'head',
      new EmbeddingHead(neck.features, config.embeddingSize, {
        norm: config.norm,
        random: random.fork('head'),
      }),
    );
  }

  override forward(images: tf.Tensor4D): tf.Tensor2D {
    return this.head.forward(this.neck.forward(this.backbone.forward(images)));
  }
}
