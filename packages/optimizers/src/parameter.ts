import type * as tf from '@tensorflow/tfjs-core';

/** What an optimizer needs of a parameter; `Parameter` of `@unitsphere/core` is one. */
export interface OptimizedParameter {
  /** The float32 variable that steps assign. */
  readonly variable: tf.Variable;
  /** Whether weight decay acts on it: false for the scales of norms and for biases. */
  readonly weightDecay: boolean;
}

/** Parameters that share a learning rate and a decay. */
export interface ParameterGroup {
  parameters: readonly OptimizedParameter[];
  /** The learning rate is multiplied by it. Default 1. */
  lrScale?: number;
  /** In place of the optimizer's weight decay, still only where `parameter.weightDecay` is true. */
  weightDecay?: number;
}
