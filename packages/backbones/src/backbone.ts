import type * as tf from '@tensorflow/tfjs-core';
import { Module, type Parameter, type Random, type StateDict } from '@unitsphere/core';
import { adaptInputChannels } from './adapt-input-channels.js';

/** One feature map that a backbone gives. */
export interface FeatureInfo {
  /** Number of channels. */
  channels: number;
  /** Input pixels for one place of the map, in each direction. */
  reduction: number;
}

/** What every backbone is made with. */
export interface BackboneOptions {
  /** The stream of the initial weights, and of stochastic depth. */
  random: Random;
  /** Channels of the input image. Default 3. */
  inChannels?: number;
  /**
   * Which maps `features` gives, as timm's out_indices, ascending; what only later maps need is left out of the network.
   * Default: all.
   */
  outIndices?: readonly number[];
  /**
   * Height and width of the images, in pixels, for a network that is made for one size (a vision transformer); the others
   * take every size and do not use it. Default: that of the published weights.
   */
  inputSize?: number;
  /** Stochastic depth: the rate of the last block; earlier ones have less, in proportion. Default 0. */
  dropPathRate?: number;
}

/** A network that turns images into feature maps, without a classifier: timm's `features_only`. */
export abstract class Backbone extends Module<tf.Tensor4D, tf.Tensor4D> {
  /** The maps that `features` gives, in order. */
  abstract readonly featureInfo: readonly FeatureInfo[];

  /**
   * The map at the end of every stage that `outIndices` names.
   * @param x float32 [batch, height, width, inChannels].
   * @returns float32 [batch, height / reduction, width / reduction, channels] for each of `featureInfo`, sizes rounded up.
   */
  abstract features(x: tf.Tensor4D): tf.Tensor4D[];

  /** The last map of `features`. */
  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return this.features(x).at(-1)!;
  }

  /**
   * A state dict of this backbone for images of other channels (published ones have 3), made to fit this backbone's
   * `inChannels` as timm does: one channel takes the sum of the first convolution's kernels; otherwise they are repeated
   * in turn, times old / new channels.
   * @returns A copy with another first convolution, or the state dict itself where it fits already.
   * @throws Error when the first convolution is not in the state dict or is no kernel.
   */
  adaptInput(state: StateDict): StateDict {
    return adaptInputChannels(state, this.#firstConvolution()[0], this.inChannels);
  }

  /** Channels of the images that it takes. */
  get inChannels(): number {
    return this.#firstConvolution()[1].diskShape[1];
  }

  // Every backbone begins with one.
  #firstConvolution(): [string, Parameter] {
    return this.namedParameters().find(([, { layout }]) => layout === 'conv')!;
  }
}

/** A backbone of the registry. */
export interface BackboneEntry {
  /** Makes it. */
  make(options: BackboneOptions): Backbone;
  /** Height and width of the images that its published weights were trained on. */
  inputSize: number;
}
