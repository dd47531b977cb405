import type * as tf from '@tensorflow/tfjs-core';
import { packBfloat16, unpackBfloat16 } from '@unitsphere/ops';

/** What {@link bfloat16SavedTensors} packs. */
export interface Bfloat16SavedTensorsOptions {
  /** Tensors of fewer values stay float32: statistics and embeddings, which weigh nothing. Default 4096. */
  minimumSize?: number;
}

/** As the savedTensorsHooks of forwardAndPullback in @unitsphere/core. */
export interface Bfloat16Hooks {
  pack(saved: tf.Tensor): tf.Tensor | null;
  unpack(packed: tf.Tensor, like: { shape: number[] }): tf.Tensor;
}

/**
 * Hooks by which the activations that a forward pass keeps for its gradient are bfloat16, two in the place of one float:
 * half of what takes most of a training step's memory, on every backend. The forward pass is float32 to the bit; gradients
 * are computed from activations that are rounded to nearest even, as where PyTorch's autocast has made them bfloat16
 * (https://docs.pytorch.org/docs/stable/autograd.html#saved-tensors-hooks-tutorial has the idea).
 *
 * `forwardAndPullback(f, parameters, { savedTensorsHooks: bfloat16SavedTensors() })`
 * @throws RangeError where minimumSize is not a number from 0 on.
 */
export function bfloat16SavedTensors({
  minimumSize = 4096,
}: Bfloat16SavedTensorsOptions = {}): Bfloat16Hooks {
  if (!(minimumSize >= 0)) {
    throw new RangeError(`bfloat16SavedTensors: minimumSize must be a number from 0 on, not ${minimumSize}.`);
  }
  return {
    pack: (saved) => (saved.dtype === 'float32' && saved.size >= minimumSize ? packBfloat16(saved) : null),
    unpack: (packed, { shape }) => unpackBfloat16(packed as tf.Tensor1D, shape as [number]),
  };
}
