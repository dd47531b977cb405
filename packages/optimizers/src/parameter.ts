import type * as tf from '@tensorflow/tfjs-core';

/** The part of a parameter that an optimizer requires; `Parameter` of `@unitsphere/core` has it. */
export interface OptimizedParameter {
  /** The float32 variable that steps update. */
  readonly variable: tf.Variable;
  /** Whether weight decay applies: false for the scales of norms and for biases. */
  readonly weightDecay: boolean;
}

/** Parameters that share a learning rate and a weight decay. */
export interface ParameterGroup {
  parameters: readonly OptimizedParameter[];
  /** Factor of the learning rate. Default 1. */
  lrScale?: number;
  /** Replaces the optimizer's weight decay, only for parameters whose `weightDecay` is true. */
  weightDecay?: number;
}
