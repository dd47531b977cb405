import * as tf from '@tensorflow/tfjs-core';
import { adamWCorrection } from './adamw-corrections.js';
import { defineOp } from './define-op.js';
import type { AdamWFactors, AdamWInputs, SgdFactors, SgdInputs } from './optimizer-attrs.js';
import { adamWTensorFlow, sumSquaresTensorFlow } from './tensorflow/optimizer-updates.js';
import { adamWWasm, sgdWasm, sumSquaresWasm } from './wasm/optimizer-updates.js';
import { adamWWebGpu } from './webgpu/adamw.js';
import { sgdWebGpu, sumSquaresWebGpu } from './webgpu/optimizer-updates.js';

/** Options of one step of AdamW for one parameter. */
export interface AdamWStep {
  /** Learning rate. */
  lr: number;
  /** Decay of the running mean of gradients. */
  beta1: number;
  /** Decay of the running mean of squared gradients. */
  beta2: number;
  /** Added to the square root of the running mean of squares. */
  eps: number;
  /** Decoupled weight decay: the parameter is multiplied by 1 − lr · weightDecay. */
  weightDecay: number;
  /** Step of this parameter, counted from 1. */
  step: number;
  /** Factor applied to the gradient first. Default 1. */
  gradientScale?: number;
}

/** Options of one step of SGD for one parameter. */
export interface SgdStep {
  /** Learning rate. */
  lr: number;
  /** Factor of the momentum buffer; 0 turns momentum off. */
  momentum: number;
  /** Fraction of the gradient that does not enter the momentum buffer; ignored at the first step. */
  dampening: number;
  /** Whether to use Nesterov momentum. */
  nesterov: boolean;
  /** Coupled weight decay: weightDecay · parameter is added to the gradient. */
  weightDecay: number;
  /** Step of this parameter, counted from 1. The first step sets the momentum buffer to the gradient. */
  step: number;
  /** Factor applied to the gradient first. Default 1. */
  gradientScale?: number;
}

/** Computes the new parameter and running means. */
export function composeAdamW(
  { parameter, gradient, expAvg, expAvgSq }: AdamWInputs,
  f: AdamWFactors,
): [updated: tf.Tensor, mean: tf.Tensor, meanSquare: tf.Tensor] {
  const g = scale(gradient, f.gradientScale);
  const mean = tf.add(tf.mul(expAvg, f.beta1), tf.mul(g, 1 - f.beta1));
  const meanSquare = tf.add(tf.mul(expAvgSq, f.beta2), tf.mul(tf.square(g), 1 - f.beta2));
  const denominator = tf.add(tf.mul(tf.sqrt(meanSquare), f.inverseRootCorrection2), f.eps);
  const updated = tf.sub(tf.mul(parameter, f.kept), tf.div(tf.mul(mean, f.stepSize), denominator));
  return [updated, mean, meanSquare];
}

// A kernel that updates the means in place returns the parameter only.
const adamWOp = /* @__PURE__ */ defineOp<AdamWInputs, AdamWFactors>({
  name: 'UnitsphereAdamW',
  compose: composeAdamW,
  kernels: { wasm: adamWWasm, webgpu: adamWWebGpu, tensorflow: adamWTensorFlow },
});

/**
 * Takes one step of AdamW, as torch.optim.AdamW without amsgrad. Assigns the parameter and its two running means.
 * @param parameter float32 of any shape.
 * @param gradient float32, the parameter's shape; not disposed.
 * @param expAvg float32, the parameter's shape: running mean of gradients.
 * @param expAvgSq float32, the parameter's shape: running mean of squared gradients.
 * @throws Error if a shape or dtype differs.
 * @see Loshchilov & Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.
 */
export function adamWUpdate(
  parameter: tf.Variable,
  gradient: tf.Tensor,
  expAvg: tf.Variable,
  expAvgSq: tf.Variable,
  step: AdamWStep,
): void {
  checkLike('adamWUpdate', parameter, { gradient, expAvg, expAvgSq });
  tf.tidy(() => {
    const inputs = { parameter, gradient, expAvg, expAvgSq };
    assignAdamW({ parameter, expAvg, expAvgSq }, adamWOp(inputs, adamWFactors(step)));
  });
}

/** Assigns the results of a step; the means are missing if a kernel has updated them in place. */
export function assignAdamW(
  { parameter, expAvg, expAvgSq }: Record<'parameter' | 'expAvg' | 'expAvgSq', tf.Variable>,
  [updated, mean, meanSquare]: tf.Tensor[],
): void {
  parameter.assign(updated);
  if (mean) expAvg.assign(mean);
  if (meanSquare) expAvgSq.assign(meanSquare);
}

/** Returns what is the same for every value of a parameter. */
export function adamWFactors({
  lr,
  beta1,
  beta2,
  eps,
  weightDecay,
  step,
  gradientScale = 1,
}: AdamWStep): AdamWFactors {
  return {
    beta1,
    beta2,
    eps,
    gradientScale,
    kept: 1 - lr * weightDecay,
    ...adamWCorrection(step, { lr, beta1, beta2 }),
  };
}

// Returns the new parameter and momentum buffer. A kernel that updates the buffer in place returns the parameter only.
const sgdOp = /* @__PURE__ */ defineOp<SgdInputs, SgdFactors>({
  name: 'UnitsphereSgd',
  compose: ({ parameter, gradient, buffer }, f) => {
    const g = scale(gradient, f.gradientScale);
    let direction = f.weightDecay === 0 ? g : tf.add(g, tf.mul(parameter, f.weightDecay));
    const updatedBuffer = buffer && tf.add(tf.mul(buffer, f.kept), tf.mul(direction, f.entering));
    if (updatedBuffer) {
      direction = f.nesterov ? tf.add(direction, tf.mul(updatedBuffer, f.momentum)) : updatedBuffer;
    }
    const updated = tf.sub(parameter, tf.mul(direction, f.lr));
    return updatedBuffer ? [updated, updatedBuffer] : [updated];
  },
  kernels: { wasm: sgdWasm, webgpu: sgdWebGpu },
});

/**
 * Takes one step of stochastic gradient descent, as torch.optim.SGD. Assigns the parameter and its momentum buffer.
 * @param parameter float32 of any shape.
 * @param gradient float32, the parameter's shape; not disposed.
 * @param momentumBuffer float32, the parameter's shape; may be null if momentum is 0.
 * @throws Error if a shape or dtype differs, or if momentum is not 0 and there is no buffer.
 */
export function sgdUpdate(
  parameter: tf.Variable,
  gradient: tf.Tensor,
  momentumBuffer: tf.Variable | null,
  { lr, momentum, dampening, nesterov, weightDecay, step, gradientScale = 1 }: SgdStep,
): void {
  checkLike('sgdUpdate', parameter, momentumBuffer ? { gradient, momentumBuffer } : { gradient });
  if (momentum !== 0 && !momentumBuffer) {
    throw new Error(`sgdUpdate: a momentum of ${momentum} requires a momentum buffer.`);
  }
  const factors: SgdFactors = {
    lr,
    momentum,
    nesterov,
    weightDecay,
    gradientScale,
    // The first step sets the buffer to the direction.
    kept: step === 1 ? 0 : momentum,
    entering: step === 1 ? 1 : 1 - dampening,
  };
  const buffer = momentum === 0 ? null : momentumBuffer;
  tf.tidy(() => {
    const [updated, updatedBuffer] = sgdOp({ parameter, gradient, ...(buffer && { buffer }) }, factors);
    parameter.assign(updated);
    if (updatedBuffer) buffer?.assign(updatedBuffer);
  });
}

/** Computes the sum of all squares. Rows are summed first: one long float32 sum would lose small terms. */
export function composeSumSquares(x: tf.Tensor): tf.Scalar {
  return tf.sum(x.rank > 1 ? tf.sum(tf.square(x), -1) : tf.square(x));
}

const sumSquaresOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor }, object>({
  name: 'UnitsphereSumSquares',
  compose: ({ x }) => composeSumSquares(x),
  kernels: { wasm: sumSquaresWasm, webgpu: sumSquaresWebGpu, tensorflow: sumSquaresTensorFlow },
});

/**
 * Computes the sum of the squares of all values, for the norm of gradients. It has no gradient.
 * @param x float32, any shape.
 * @returns float32 scalar.
 */
export function sumSquares(x: tf.Tensor): tf.Scalar {
  return sumSquaresOp({ x }, {})[0] as tf.Scalar;
}

function scale(gradient: tf.Tensor, factor: number): tf.Tensor {
  return factor === 1 ? gradient : tf.mul(gradient, factor);
}

/** Throws unless all are float32 of the parameter's shape. */
export function checkLike(op: string, parameter: tf.Variable, tensors: { [name: string]: tf.Tensor }): void {
  if (parameter.dtype !== 'float32') {
    throw new Error(`${op}: the parameter must be float32, not ${parameter.dtype}.`);
  }
  for (const [name, tensor] of Object.entries(tensors)) {
    if (tensor.dtype !== 'float32' || !tf.util.arraysEqual(tensor.shape, parameter.shape)) {
      throw new Error(
        `${op}: ${name} must be float32 of the parameter's shape [${parameter.shape}], ` +
          `but it is ${tensor.dtype} of shape [${tensor.shape}].`,
      );
    }
  }
}
