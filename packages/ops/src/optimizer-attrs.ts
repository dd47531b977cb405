/** What the operations of optimizer steps share with their kernels: inputs, and factors that are the same for every value. */
import type * as tf from '@tensorflow/tfjs-core';

/** Inputs of a step of AdamW, all of the parameter's shape. */
export type AdamWInputs = Record<'parameter' | 'gradient' | 'expAvg' | 'expAvgSq', tf.Tensor>;

/** Factors of a step of AdamW. */
export interface AdamWFactors {
  beta1: number;
  beta2: number;
  eps: number;
  gradientScale: number;
  /** Factor that decay applies to the parameter. */
  kept: number;
  stepSize: number;
  inverseRootCorrection2: number;
}

/** Inputs of a step of AdamW for several parameters: those of {@link AdamWInputs}, each with the parameter's index behind its name. */
export type AdamWEachInputs = { [name: string]: tf.Tensor };

/** Factors of a step of AdamW for several parameters, in their order. */
export interface AdamWEachFactors {
  factors: readonly AdamWFactors[];
}

/** Returns the inputs of the parameter at `index`. */
export function adamWInputsAt(inputs: AdamWEachInputs, index: number): AdamWInputs {
  return {
    parameter: inputs[`parameter${index}`],
    gradient: inputs[`gradient${index}`],
    expAvg: inputs[`expAvg${index}`],
    expAvgSq: inputs[`expAvgSq${index}`],
  };
}

/** Inputs of a step of SGD, all of the parameter's shape; `buffer` is the momentum buffer, absent without momentum. */
export type SgdInputs = { parameter: tf.Tensor; gradient: tf.Tensor; buffer?: tf.Tensor };

/** Factors of a step of SGD. */
export interface SgdFactors {
  lr: number;
  momentum: number;
  nesterov: boolean;
  weightDecay: number;
  gradientScale: number;
  /** Factor of the momentum buffer. */
  kept: number;
  /** Factor of the direction that is added to the momentum buffer. */
  entering: number;
}

/** Inputs of a step of AdamW on rows. */
export interface AdamWRowsInputs {
  /** float32 [rows, dimensions], as the two running means. */
  parameter: tf.Tensor;
  expAvg: tf.Tensor;
  expAvgSq: tf.Tensor;
  /** int32 [n]. */
  ids: tf.Tensor;
  /** float32 [n, dimensions]. */
  gradient: tf.Tensor;
  /** float32 [n]: lr / (1 − beta1^step). */
  stepSize: tf.Tensor;
  /** float32 [n]: 1 / √(1 − beta2^step). */
  inverseRootCorrection2: tf.Tensor;
}

/** Factors of a step of AdamW on rows. */
export interface AdamWRowsFactors {
  beta1: number;
  beta2: number;
  eps: number;
  gradientScale: number;
  /** Factor that decay applies to a row. */
  kept: number;
}
