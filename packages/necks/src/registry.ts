import type * as tf from '@tensorflow/tfjs-core';
import type { Module, Random } from '@unitsphere/core';
import { Flatten } from './flatten.js';
import { GAP } from './gap.js';
import { Squeeze } from './squeeze.js';

/** What a neck is made for: the backbone's last map. */
export interface NeckInput {
  channels: number;
  height: number;
  width: number;
}

/** What `createNeck` needs beside the map. */
export interface NeckOptions {
  /** The stream of the initial weights. */
  random: Random;
  /** Squeeze: channels kept, as a share. Default 0.25. */
  squeezeRatio?: number;
}

/** A neck and the number of features it gives. */
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

/** Every neck's name. */
export function listNecks(): NeckName[] {
  return Object.keys(necks) as NeckName[];
}

/**
 * Makes a neck by name for a map of the given size.
 * @throws Error for a name that is not in `listNecks()`.
 */
export function createNeck(name: NeckName, input: NeckInput, options: NeckOptions): Neck {
  const make = Object.hasOwn(necks, name) ? necks[name] : undefined;
  if (!make) throw new Error(`createNeck: there is no neck "${name}". Known: ${listNecks().join(', ')}.`);
  return make(input, options);
}
