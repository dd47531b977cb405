import type * as tf from '@tensorflow/tfjs-core';
import type { Activation } from '../activation-names.js';
import { activationGradOf, activationOf } from './activation.js';
import { preluGradOf, preluOf, type Slopes, slopesOf } from './prelu.js';

/** Function that follows the norm: WGSL of its value and gradient, and its slopes if it is PReLU. */
export interface Follower {
  key: string;
  value: (z: string, T: string) => string;
  gradient: (z: string, dy: string, T: string) => string;
  slopes?: Slopes;
}

/** Returns an activation after the norm. */
export const followerOf = (activation: Activation): Follower => ({
  key: activation,
  value: (z, T) => activationOf(activation, z, T),
  gradient: (z, dy, T) => activationGradOf(activation, z, dy, T),
});

/** Returns a PReLU after the norm. */
export const preluFollower = (slope: tf.TensorInfo, channels: number): Follower => {
  const slopes = slopesOf(slope, channels);
  return {
    key: slopes.key,
    value: (z, T) => preluOf(slopes, z, T),
    gradient: (z, dy, T) => preluGradOf(slopes, z, dy, T),
    slopes,
  };
};
