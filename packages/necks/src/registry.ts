import type * as tf from '@tensorflow/tfjs-core';
import type { Module, Random } from '@unitsphere/core';
import { Flatten } from './flatten.js';
import { GAP } from './gap.js';
import { Squeeze } from './squeeze.js';

/** Size of the backbone's last map, the input of a neck. */
export interface NeckInput {
  channels: number;
  height: number;
  width: number;
}

/** Options of `createNeck`. */
export interface NeckOptions {
  /** Random stream of the initial weights. */
  random: Random;
  /** Only for squeeze: fraction of the channels that are kept. Default 0.25. */
  squeezeRatio?: number;
}

/** A neck and the number of features that it outputs. */
export interface Neck {
  module: Module<tf.Tensor4D, tf.Tensor2D>;
  features: number;
}

// A new neck is one file and one line here.
const necks = {
  flatten: ({ channels, height, width }: NeckInput): Neck => ({
    module: new Flatten(),
    features: channels * height * width,
  }),
  gap: ({ channels }: NeckInput): Neck => ({ module: new GAP(), features: channels }),
  squeeze: ({ channels, height, width }: NeckInput, { random, squeezeRatio = 0.25 }: NeckOptions): Neck => {
    const squeezed = Math.max(1, Math.round(channels * squeezeRatio));
    return { module: new Squeeze(channels, squeezed, random), features: squeezed * height * width };
  },
};

/** The name of a neck. */
export type NeckName = keyof typeof necks;

/** Returns the name of every neck. */
export function listNecks(): NeckName[] {
  return Object.keys(necks) as NeckName[];
}

/**
 * Creates a neck by its name for a map of the given size.
 * @throws Error for a name that is not in `listNecks()`.
 */
export function createNeck(name: NeckName, input: NeckInput, options: NeckOptions): Neck {
  if (!Object.hasOwn(necks, name)) {
    throw new Error(`createNeck: there is no neck "${name}". Known: ${listNecks().join(', ')}.`);
  }
  return necks[name](input, options);
}
