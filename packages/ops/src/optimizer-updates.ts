import * as tf from '@tensorflow/tfjs-core';
import { adamWCorrection } from './adamw-corrections.js';
import { defineOp } from './define-op.js';
import { adamWWasm, sgdWasm, sumSquaresWasm } from './wasm/optimizer-updates.js';
import { adamWWebGpu, sgdWebGpu, sumSquaresWebGpu } from './webgpu/optimizer-updates.js';

/** One parameter's numbers for one step of AdamW. */
export interface AdamWStep {
  /** Learning rate. */
  lr: number;
  /** Decay of the running mean of gradients. */
  beta1: number;
  /** Decay of the running mean of squared gradients. */
  beta2: number;
  /** Added to the root of the running mean of squares. */
  eps: number;
  /** Decoupled decay: the parameter is multiplied by 1 − lr · weightDecay. */
  weightDecay: number;
  /** This parameter's step, counted from 1. */
  step: number;
  /** The gradient is multiplied by it first. Default 1. */
  gradientScale?: number;
}

/** One parameter's numbers for one step of SGD. */
export interface SgdStep {
  /** Learning rate. */
  lr: number;
  /** What is kept of the momentum buffer; 0 for none. */
  momentum: number;
  /** How much of the gradient is kept from entering the momentum buffer; not at the first step. */
  dampening: number;
  /** Look ahead along the momentum. */
  nesterov: boolean;
  /** Coupled decay: weightDecay · parameter is added to the gradient. */
  weightDecay: number;
  /** This parameter's step, counted from 1: the first one fills the momentum buffer with the gradient. */
  step: number;
  /** The gradient is multiplied by it first. Default 1. */
  gradientScale?: number;
}

/** The factors of a step of AdamW that are the same for every value. */
export interface AdamWFactors {
  beta1: number;
  beta2: number;
  eps: number;
  gradientScale: number;
  /** What decay leaves of the parameter. */
  kept: number;
  stepSize: number;
  inverseRootCorrection2: number;
}

type AdamWInputs = Record<'parameter' | 'gradient' | 'expAvg' | 'expAvgSq', tf.Tensor>;

// Gives the new parameter and running means; a kernel that changes the means where they lie gives the parameter alone.
const adamWOp = /* @__PURE__ */ defineOp<AdamWInputs, AdamWFactors>({
  name: 'UnitsphereAdamW',
  compose: ({ parameter, gradient, expAvg, expAvgSq }, f) => {
    const g = scaled(gradient, f.gradientScale);
    const mean = tf.add(tf.mul(expAvg, f.beta1), tf.mul(g, 1 - f.beta1));
    const meanSquare = tf.add(tf.mul(expAvgSq, f.beta2), tf.mul(tf.square(g), 1 - f.beta2));
    const denominator = tf.add(tf.mul(tf.sqrt(meanSquare), f.inverseRootCorrection2), f.eps);
    return [
      tf.sub(tf.mul(parameter, f.kept), tf.div(tf.mul(mean, f.stepSize), denominator)),
      mean,
      meanSquare,
    ];
  },
  kernels: { wasm: adamWWasm, webgpu: adamWWebGpu },
});

/**
 * One step of AdamW, as torch.optim.AdamW (without amsgrad): assigns the parameter and its two running means.
 * @param parameter float32 of any shape.
 * @param gradient float32, the parameter's shape; not disposed.
 * @param expAvg float32, the parameter's shape: the running mean of gradients.
 * @param expAvgSq float32, the parameter's shape: the running mean of squared gradients.
 * @throws Error where a shape or dtype differs.
 * @see Loshchilov & Hutter, "Decoupled Weight Decay Regularization", ICLR 2019.
 */
export function adamWUpdate(
  parameter: tf.Variable,
  gradient: tf.Tensor,
  expAvg: tf.Variable,
  expAvgSq: tf.Variable,
  { lr, beta1, beta2, eps, weightDecay, step, gradientScale = 1 }: AdamWStep,
): void {
  checkLike('adamWUpdate', parameter, { gradient, expAvg, expAvgSq });
  const factors: AdamWFactors = {
    beta1,
    beta2,
    eps,
    gradientScale,
    kept: 1 - lr * weightDecay,
    ...adamWCorrection(step, { lr, beta1, beta2 }),
  };
  tf.tidy(() => {
    const [updated, mean, meanSquare] = adamWOp({ parameter, gradient, expAvg, expAvgSq }, factors);
    parameter.assign(updated);
    if (mean) expAvg.assign(mean);
    if (meanSquare) expAvgSq.assign(meanSquare);
  });
}

/** The factors of a step of SGD that are the same for every value. */
export interface SgdFactors {
  lr: number;
  momentum: number;
  nesterov: boolean;
  weightDecay: number;
  gradientScale: number;
  /** What the buffer keeps, and how much of the direction enters it. */
  kept: number;
  entering: number;
}

export type SgdInputs = { parameter: tf.Tensor; gradient: tf.Tensor; buffer?: tf.Tensor };

// Gives the new parameter and momentum buffer; a kernel that changes the buffer where it lies gives the parameter alone.
const sgdOp = /* @__PURE__ */ defineOp<SgdInputs, SgdFactors>({
  name: 'UnitsphereSgd',
  compose: ({ parameter, gradient, buffer }, f) => {
    const g = scaled(gradient, f.gradientScale);
    let direction = f.weightDecay === 0 ? g : tf.add(g, tf.mul(parameter, f.weightDecay));
    const changed = buffer && tf.add(tf.mul(buffer, f.kept), tf.mul(direction, f.entering));
    if (changed) direction = f.nesterov ? tf.add(direction, tf.mul(changed, f.momentum)) : changed;
    const updated = tf.sub(parameter, tf.mul(direction, f.lr));
    return changed ? [updated, changed] : [updated];
  },
  kernels: { wasm: sgdWasm, webgpu: sgdWebGpu },
});

/**
 * One step of stochastic gradient descent, as torch.optim.SGD: assigns the parameter and its momentum buffer.
 * @param parameter float32 of any shape.
 * @param gradient float32, the parameter's shape; not disposed.
 * @param momentumBuffer float32, the parameter's shape; null where momentum is 0.
 * @throws Error where a shape or dtype differs, or momentum is not 0 and there is no buffer.
 */
export function sgdUpdate(
  parameter: tf.Variable,
  gradient: tf.Tensor,
  momentumBuffer: tf.Variable | null,
  { lr, momentum, dampening, nesterov, weightDecay, step, gradientScale = 1 }: SgdStep,
): void {
  checkLike('sgdUpdate', parameter, momentumBuffer ? { gradient, momentumBuffer } : { gradient });
  if (momentum !== 0 && !momentumBuffer) {
    throw new Error(`sgdUpdate: a momentum of ${momentum} needs a momentum buffer.`);
  }
  const factors: SgdFactors = {
    lr,
    momentum,
    nesterov,
    weightDecay,
    gradientScale,
    // The first step fills the buffer with the direction.
    kept: step === 1 ? 0 : momentum,
    entering: step === 1 ? 1 : 1 - dampening,
  };
  const buffer = momentum === 0 ? null : momentumBuffer;
  tf.tidy(() => {
    const [updated, changed] = sgdOp({ parameter, gradient, ...(buffer && { buffer }) }, factors);
    parameter.assign(updated);
    if (changed) buffer!.assign(changed);
  });
}

const sumSquaresOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor }, object>({
  name: 'UnitsphereSumSquares',
  // Rows first: one long float32 sum would lose the small terms.
  compose: ({ x }) => tf.sum(x.rank > 1 ? tf.sum(tf.square(x), -1) : tf.square(x)),
  kernels: { wasm: sumSquaresWasm, webgpu: sumSquaresWebGpu },
});

/**
 * The sum of the squares of all values, for the norm of gradients. It has no gradient of its own.
 * @param x float32, any shape.
 * @returns float32 scalar.
 */
export function sumSquares(x: tf.Tensor): tf.Scalar {
  return sumSquaresOp({ x }, {})[0] as tf.Scalar;
}

function scaled(gradient: tf.Tensor, by: number): tf.Tensor {
  return by === 1 ? gradient : tf.mul(gradient, by);
}

function checkLike(op: string, parameter: tf.Variable, tensors: { [name: string]: tf.Tensor }): void {
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
