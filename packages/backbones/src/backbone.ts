import type * as tf from '@tensorflow/tfjs-core';
import { Module, type Parameter, type Random, type StateDict } from '@unitsphere/core';
import { adaptInputChannels } from './adapt-input-channels.js';

/** A feature map that a backbone outputs. */
export interface FeatureInfo {
  /** Number of channels. */
  channels: number;
  /** Input pixels per position of the map, in each direction. */
  reduction: number;
}

/** Options of every backbone. */
export interface BackboneOptions {
  /** Random stream of the initial weights and of stochastic depth. */
  random: Random;
  /** Number of channels of the images. Default 3. */
  inChannels?: number;
  /**
   * Ascending indices of the maps that `features` returns, as timm's out_indices. Layers that only later maps require are
   * not created. Default: all maps.
   */
  outIndices?: readonly number[];
  /**
   * Height and width of the images in pixels, or [height, width], for a network with a fixed image size (a vision
   * transformer). Other networks accept every size and ignore it. Default: the size of the published weights.
   */
  inputSize?: number | readonly [height: number, width: number];
  /** Stochastic depth: drop rate of the last block; earlier blocks have proportionally lower rates. Default 0. */
  dropPathRate?: number;
}

/** A network that converts images to feature maps, without a classifier: timm's `features_only`. */
export abstract class Backbone extends Module<tf.Tensor4D, tf.Tensor4D> {
  /** The maps that `features` returns, in order. */
  abstract readonly featureInfo: readonly FeatureInfo[];

  /**
   * Computes the map at the end of every stage in `outIndices`.
   * @param x float32 [batch, height, width, inChannels].
   * @returns float32 [batch, height / reduction, width / reduction, channels] for each entry of `featureInfo`, with sizes
   *   rounded up.
   */
  abstract features(x: tf.Tensor4D): tf.Tensor4D[];

  /** Computes the last map of `features`. */
  override forward(x: tf.Tensor4D): tf.Tensor4D {
    const maps = this.features(x);
    return maps[maps.length - 1];
  }

  /**
   * Adapts a state dict for another number of image channels (published ones have 3) to this backbone's `inChannels`, as
   * timm does. One channel takes the sum of the first convolution's kernels. Otherwise the kernels are repeated in turn
   * and multiplied by old / new channels.
   * @returns A copy with an adapted first convolution, or the state dict itself if it fits already.
   * @throws Error if the first convolution is not in the state dict or is not 4-dimensional.
   */
  adaptInput(state: StateDict): StateDict {
    return adaptInputChannels(state, this.#firstConvolution()[0], this.inChannels);
  }

  /**
   * Adapts the position embeddings of a state dict for another image size to this backbone's `inputSize`. Only a vision
   * transformer has them.
   * @returns A copy with adapted position embeddings, or the state dict itself if it fits already or cannot be adapted.
   */
  adaptPositions(state: StateDict): StateDict {
    return state;
  }

  /** Number of channels of the images. */
  get inChannels(): number {
    return this.#firstConvolution()[1].diskShape[1];
  }

  #firstConvolution(): [string, Parameter] {
    const first = this.namedParameters().find(([, { layout }]) => layout === 'conv');
    if (!first) throw new Error(`${this.constructor.name}: a backbone must have a convolution.`);
    return first;
  }
}

/** An entry of the registry. */
export interface BackboneEntry {
  /** Creates the backbone. */
  make(options: BackboneOptions): Backbone;
  /** Height and width of the images that the published weights were trained on. */
  inputSize: number;
}
