import type * as tf from '@tensorflow/tfjs-core';
import type { Module } from '@unitsphere/core';

/** A module from feature maps to feature maps: float32 [batch, height, width, channels] in and out. */
export type Layer = Module<tf.Tensor4D, tf.Tensor4D>;
