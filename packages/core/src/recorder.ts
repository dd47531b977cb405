import type * as tf from '@tensorflow/tfjs-core';

/** One operation that TensorFlow.js recorded. */
export interface TapeNode {
  kernelName: string;
  inputs: { [name: string]: tf.Tensor | null };
  outputs: tf.Tensor[];
  /** What its gradient reads: the array that the gradient is given. */
  saved?: tf.Tensor[];
  gradient?(dys: (tf.Tensor | null)[]): { [name: string]: () => tf.Tensor };
}

/** The part of TensorFlow.js's engine that records. */
export interface Recorder {
  state: { activeTape: TapeNode[] | null; gradientDepth: number };
  startTape(): void;
  endTape(): void;
}
