import type * as tf from '@tensorflow/tfjs-core';
import { Module, type Random } from '@unitsphere/core';

/** One feature map that a backbone gives. */
export interface FeatureInfo {
  /** Number of channels. */
  channels: number;
  /** Input pixels for one place of the map, in each direction. */
  reduction: number;
}

/** What every backbone is made with. */
export interface BackboneOptions {
  /** The stream of the initial weights. */
  random: Random;
  /** Channels of the input image. Default 3. */
  inChannels?: number;
}

/** A network that turns images into feature maps, without a classifier: timm's `features_only`. */
export abstract class Backbone extends Module<tf.Tensor4D, tf.Tensor4D> {
  /** The maps that `features` gives, in order. */
  abstract readonly featureInfo: readonly FeatureInfo[];

  /**
   * The map at the end of every stage.
   * @param x float32 [batch, height, width, inChannels].
   * @returns float32 [batch, height / reduction, width / reduction, channels] for each of `featureInfo`, sizes rounded up.
   */
  abstract features(x: tf.Tensor4D): tf.Tensor4D[];

  /** The last map of `features`. */
  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return this.features(x).at(-1)!;
  }
}

/** Makes a backbone. */
export type BackboneFactory = (options: BackboneOptions) => Backbone;
