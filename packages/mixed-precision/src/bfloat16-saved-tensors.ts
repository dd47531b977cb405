import type * as tf from '@tensorflow/tfjs-core';
import { packBfloat16, unpackBfloat16 } from '@unitsphere/ops';

/** Options of {@link bfloat16SavedTensors}. */
export interface Bfloat16SavedTensorsOptions {
  /** Tensors with fewer values stay float32: statistics and embeddings, which take little memory. Default 4096. */
  minimumSize?: number;
}

/** Hooks for `savedTensorsHooks` of forwardAndPullback in @unitsphere/core. */
export interface Bfloat16Hooks {
  pack(saved: tf.Tensor): tf.Tensor | null;
  unpack(packed: tf.Tensor, like: { shape: number[] }): tf.Tensor;
}

/**
 * Creates hooks that store the activations for the backward pass as bfloat16, two values per float. This halves the largest
 * part of a training step's memory, on every backend. The forward pass is bit-identical. Gradients are computed from
 * activations rounded to nearest even, as after PyTorch's autocast. The idea is that of PyTorch's saved tensors hooks:
 * https://docs.pytorch.org/docs/stable/autograd.html#saved-tensors-hooks-tutorial.
 *
 * `forwardAndPullback(f, parameters, { savedTensorsHooks: bfloat16SavedTensors() })`
 * @throws RangeError if minimumSize is not a non-negative number.
 */
export function bfloat16SavedTensors({
  minimumSize = 4096,
}: Bfloat16SavedTensorsOptions = {}): Bfloat16Hooks {
  if (!(minimumSize >= 0)) {
    throw new RangeError(
      `bfloat16SavedTensors: minimumSize must be a non-negative number, but it is ${minimumSize}.`,
    );
  }
  return {
    pack: (saved) => (saved.dtype === 'float32' && saved.size >= minimumSize ? packBfloat16(saved) : null),
    unpack: (packed, { shape }) => unpackBfloat16(packed as tf.Tensor1D, shape as [number]),
  };
}
