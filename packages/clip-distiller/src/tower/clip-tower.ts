import type * as tf from '@tensorflow/tfjs-core';
import type { Backbone } from '@unitsphere/backbones';
import type { ClipTowerConfig } from './configs.js';

/** CLIP image tower: a backbone with CLIP's head. */
export interface ClipTower extends Backbone {
  /** Architecture of the tower. */
  readonly config: ClipTowerConfig;
  /** Height and width of the images. */
  readonly imageSize: number;
  /** Number of values of an embedding. */
  readonly width: number;

  /**
   * Computes CLIP's image embedding, as encode_image and get_image_features do; not normalized.
   * @param x float32 [batch, imageSize, imageSize, 3], preprocessed.
   * @returns float32 [batch, width].
   * @throws Error for images of another size, as the position embeddings are learned for one size.
   */
  embed(x: tf.Tensor4D): tf.Tensor2D;
}
