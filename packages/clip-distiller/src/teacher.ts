import type * as tf from '@tensorflow/tfjs-core';
import type { Preprocessing } from '@unitsphere/images';

/** Network whose image features a student learns. It is not trained. */
export interface Teacher {
  /** Name for messages and logs, such as `ViT-B-32` or a file's name. */
  readonly name: string;
  /** Hash of the weights and the architecture, in hexadecimal. It identifies cached features. */
  readonly fingerprint: string;
  /** Number of values of a feature. */
  readonly width: number;
  /** Conversion of images to the network's input. */
  readonly preprocessing: Preprocessing;

  /**
   * Computes the features of a batch, not normalized.
   * @param pixels float32 [batch, imageSize, imageSize, 3], the result of `preprocessImages`; not disposed.
   * @returns float32 [batch, width]; the caller disposes of it.
   */
  embed(pixels: tf.Tensor4D): Promise<tf.Tensor2D>;

  /** Frees the network. */
  dispose(): void | Promise<void>;
}
