import * as tf from '@tensorflow/tfjs-core';
import { sumSquaresOfEach } from '@unitsphere/ops';
import { checkNotNegative } from './check.js';

/**
 * Computes the L2 norm of all gradients together: the root of the sum of all squares. It reads one small tensor
 * synchronously, which WebGPU does not support; use globalNormAsync there.
 * @param gradients float32 tensors of any shapes; null for a missing gradient.
 * @returns 0 if there are no gradients; NaN or Infinity if a gradient contains such a value.
 * @throws Error on the WebGPU backend.
 */
export function globalNorm(gradients: readonly (tf.Tensor | null)[]): number {
  if (tf.getBackend() === 'webgpu') {
    throw new Error(
      'globalNorm: the WebGPU backend does not support synchronous reads; await globalNormAsync instead.',
    );
  }
  const present = gradients.filter((gradient) => gradient !== null);
  return present.length === 0 ? 0 : tf.tidy(() => rootOfSum(sumSquaresOfEach(present).dataSync()));
}

/** Computes globalNorm asynchronously, on every backend including WebGPU. */
export async function globalNormAsync(gradients: readonly (tf.Tensor | null)[]): Promise<number> {
  const present = gradients.filter((gradient) => gradient !== null);
  if (present.length === 0) return 0;
  const sums = sumSquaresOfEach(present);
  try {
    return rootOfSum(await sums.data());
  } finally {
    sums.dispose();
  }
}

/**
 * Computes the factor that limits the norm of the gradients to maxNorm: min(1, maxNorm / (norm + 1e-6)), as
 * torch.nn.utils.clip_grad_norm_. Pass it to step() as `gradientScale`. With a loss scale s, use
 * `gradientScale: clipScale(globalNorm(gradients) / s, maxNorm) / s`.
 * @throws RangeError if norm is not finite (skip that step) or maxNorm is not above 0.
 */
export function clipScale(norm: number, maxNorm: number): number {
  if (!Number.isFinite(norm)) {
    throw new RangeError(
      `clipScale: the norm of the gradients is ${norm}, so one of them contains NaN or Infinity. ` +
        'Check the norm with Number.isFinite and skip the step, or lower the learning rate or loss scale.',
    );
  }
  checkNotNegative('clipScale: norm', norm);
  if (!(maxNorm > 0)) throw new RangeError(`clipScale: maxNorm must be above 0, but it is ${maxNorm}.`);
  return Math.min(1, maxNorm / (norm + 1e-6));
}

function rootOfSum(sums: ArrayLike<number>): number {
  return Math.sqrt(Array.from(sums).reduce((total, sum) => total + sum, 0));
}
