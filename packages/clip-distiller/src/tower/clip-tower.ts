import type * as tf from '@tensorflow/tfjs-core';
import type { Backbone } from '@unitsphere/backbones';
import type { ClipTowerConfig } from './configs.js';

/** A CLIP image tower: a backbone with CLIP's own head. */
export interface ClipTower extends Backbone {
  /** Its shape. */
  readonly config: ClipTowerConfig;
  /** Height and width of the images. */
  readonly imageSize: number;
  /** Values of an embedding. */
  readonly width: number;

  /**
   * CLIP's image embedding, as encode_image and get_image_features give it: not at unit length.
   * @param x float32 [batch, imageSize, imageSize, 3], preprocessed.
   * @returns float32 [batch, width].
   * @throws Error for images of another size: the positions are learned for that one.
   */
  embed(x: tf.Tensor4D): tf.Tensor2D;
}
