import type * as tf from '@tensorflow/tfjs-core';

/** One operation on the tape of TensorFlow.js. */
export interface TapeNode {
  kernelName: string;
  inputs: { [name: string]: tf.Tensor | null };
  outputs: tf.Tensor[];
  /** Tensors that the operation saved for its gradient. The gradient function reads them from this array. */
  saved?: tf.Tensor[];
  /** Vector-Jacobian product: maps the gradients of the outputs to a function per input that returns its gradient. */
  gradient?(dys: (tf.Tensor | null)[]): { [name: string]: () => tf.Tensor };
}

/** The part of TensorFlow.js's engine that records operations on a tape. */
export interface Recorder {
  state: { activeTape: TapeNode[] | null; gradientDepth: number };
  startTape(): void;
  endTape(): void;
}
