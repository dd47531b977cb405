import * as tf from '@tensorflow/tfjs-core';
import { checkChannels, checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import { preluGradInputWasm, preluGradSlopeWasm, preluWasm } from './wasm/prelu.js';

type Pair = { x: tf.Tensor; slope: tf.Tensor1D };

const gradInputOp = /* @__PURE__ */ defineOp<Pair & { dy: tf.Tensor }, object>({
  name: 'UnitspherePreluGradInput',
  compose: ({ x, slope, dy }) => tf.where(tf.greater(x, 0), dy, tf.mul(dy, slope)),
  kernels: { wasm: preluGradInputWasm },
});

const gradSlopeOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor; dy: tf.Tensor }, object>({
  name: 'UnitspherePreluGradSlope',
  compose: ({ x, dy }) => {
    const terms = tf.mul(tf.minimum(x, 0), dy);
    return tf.sum(tf.reshape(terms, [-1, x.shape[x.rank - 1]!]), 0);
  },
  kernels: { wasm: preluGradSlopeWasm },
});

const op = /* @__PURE__ */ defineOp<Pair, object>({
  name: 'UnitspherePrelu',
  compose: ({ x, slope }) => tf.where(tf.greater(x, 0), x, tf.mul(x, slope)),
  inputsToSave: ['x', 'slope'],
  gradient: ([dy], [x, slope]) => ({
    x: () => gradInputOp({ x: x!, slope: slope as tf.Tensor1D, dy: dy! }, {})[0]!,
    slope: () => gradSlopeOp({ x: x!, dy: dy! }, {})[0]!,
  }),
  kernels: { wasm: preluWasm },
});

/**
 * x where it is positive, else slope · x (He et al., "Delving Deep into Rectifiers", 2015), as
 * torch.nn.functional.prelu with a slope a channel.
 * @param x float32 [..., channels].
 * @param slope float32 [channels].
 * @returns As x.
 * @throws Error on a wrong dtype or a slope of another length.
 */
export function prelu<T extends tf.Tensor>(x: T, slope: tf.Tensor1D): T {
  checkFloat('prelu', 'x', x);
  if (x.rank < 1) throw new Error('prelu: x must have a channel axis, but it is a scalar.');
  checkChannels('prelu', 'slope', slope, x.shape[x.rank - 1]!);
  return op({ x, slope }, {})[0] as T;
}
