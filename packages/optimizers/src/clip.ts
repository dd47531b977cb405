import * as tf from '@tensorflow/tfjs-core';
import { sumSquares } from '@unitsphere/ops';
import { checkNotNegative } from './check.js';

/**
 * The L2 norm of all gradients together: the root of the sum of all squares. Reads one small tensor synchronously, so
 * not for WebGPU: use globalNormAsync there.
 * @param gradients float32 tensors of any shapes; null where there is none.
 * @returns 0 where there are none; NaN or Infinity where a gradient holds such a value.
 * @throws Error on the WebGPU backend.
 */
export function globalNorm(gradients: readonly (tf.Tensor | null)[]): number {
  if (tf.getBackend() === 'webgpu') {
    throw new Error(
      'globalNorm: the WebGPU backend cannot be read synchronously; await globalNormAsync instead.',
    );
  }
  const present = gradients.filter((gradient) => gradient !== null);
  return present.length === 0 ? 0 : tf.tidy(() => rootOfSum(squareSums(present).dataSync()));
}

/** globalNorm for every backend, WebGPU included. */
export async function globalNormAsync(gradients: readonly (tf.Tensor | null)[]): Promise<number> {
  const present = gradients.filter((gradient) => gradient !== null);
  if (present.length === 0) return 0;
  const sums = tf.tidy(() => squareSums(present));
  try {
    return rootOfSum(await sums.data());
  } finally {
    sums.dispose();
  }
}

/**
 * What gradients are multiplied by so that their norm is at most maxNorm: min(1, maxNorm / (norm + 1e-6)), as
 * torch.nn.utils.clip_grad_norm_. Give it to step() as `gradientScale`. With a loss scale s:
 * `gradientScale: clipScale(globalNorm(gradients) / s, maxNorm) / s`.
 * @throws RangeError where norm is not finite (skip that step) or maxNorm is not above 0.
 */
export function clipScale(norm: number, maxNorm: number): number {
  if (!Number.isFinite(norm)) {
    throw new RangeError(
      `clipScale: the norm of the gradients is ${norm}: one of them holds NaN or Infinity. ` +
        'Test the norm with Number.isFinite first and skip the step, or lower the learning rate or loss scale.',
    );
  }
  checkNotNegative('clipScale: norm', norm);
  if (!(maxNorm > 0)) throw new RangeError(`clipScale: maxNorm must be above 0, but it is ${maxNorm}.`);
  return Math.min(1, maxNorm / (norm + 1e-6));
}

/** The sum of squares of each gradient, as one vector. */
function squareSums(gradients: readonly tf.Tensor[]): tf.Tensor {
  return tf.stack(gradients.map(sumSquares));
}

function rootOfSum(sums: ArrayLike<number>): number {
  return Math.sqrt(Array.from(sums).reduce((total, sum) => total + sum, 0));
}
