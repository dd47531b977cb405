import type * as tf from '@tensorflow/tfjs-core';
import type { Preprocessing } from '@unitsphere/pretrained';

/** A network whose image features a student learns from. It is not trained. */
export interface Teacher {
  /** For people and logs: `ViT-B-32`, or a file's name. */
  readonly name: string;
  /** Another one for other weights or another architecture, in hexadecimal: features are kept under it. */
  readonly fingerprint: string;
  /** Values of a feature. */
  readonly width: number;
  /** How images become its input. */
  readonly preprocessing: Preprocessing;

  /**
   * The features of a batch, as the network gives them: not at unit length.
   * @param pixels float32 [batch, imageSize, imageSize, 3], as `preprocessImages` makes them; not disposed.
   * @returns float32 [batch, width]; the caller disposes of it.
   */
  embed(pixels: tf.Tensor4D): Promise<tf.Tensor2D>;

  /** Frees the network. */
  dispose(): void | Promise<void>;
}
