import type * as tf from '@tensorflow/tfjs-core';
import { checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import { checkSlope, composePrelu, composePreluGrad, composeSlopeGrad } from './prelu-composition.js';
import { preluGradInputWasm, preluGradSlopeWasm, preluWasm } from './wasm/prelu.js';
import { preluGradInputWebGpu, preluGradSlopeWebGpu, preluWebGpu } from './webgpu/prelu.js';

type Pair = { x: tf.Tensor; slope: tf.Tensor1D };

const gradInputOp = /* @__PURE__ */ defineOp<Pair & { dy: tf.Tensor }, object>({
  name: 'UnitspherePreluGradInput',
  compose: ({ x, slope, dy }) => composePreluGrad(dy, x, slope),
  kernels: { wasm: preluGradInputWasm, webgpu: preluGradInputWebGpu },
});

const gradSlopeOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor; dy: tf.Tensor }, { slopes: number }>({
  name: 'UnitspherePreluGradSlope',
  compose: ({ x, dy }, { slopes }) => composeSlopeGrad(dy, x, slopes),
  kernels: { wasm: preluGradSlopeWasm, webgpu: preluGradSlopeWebGpu },
});

const op = /* @__PURE__ */ defineOp<Pair, object>({
  name: 'UnitspherePrelu',
  compose: ({ x, slope }) => composePrelu(x, slope),
  inputsToSave: ['x', 'slope'],
  gradient: ([dy], [x, slope]) => ({
    x: () => gradInputOp({ x, slope: slope as tf.Tensor1D, dy }, {})[0],
    slope: () => gradSlopeOp({ x, dy }, { slopes: slope.shape[0] })[0],
  }),
  kernels: { wasm: preluWasm, webgpu: preluWebGpu },
});

/**
 * Returns x where x is positive, else slope · x (He et al., "Delving Deep into Rectifiers", 2015), as
 * torch.nn.functional.prelu.
 * @param x float32 [..., channels].
 * @param slope float32 [channels], or [1] for one slope that all channels share.
 * @returns A tensor of x's shape.
 * @throws Error on a wrong dtype, or if the slope has another length.
 */
export function prelu<T extends tf.Tensor>(x: T, slope: tf.Tensor1D): T {
  checkFloat('prelu', 'x', x);
  if (x.rank < 1) throw new Error('prelu: x must have a channel axis, but it is a scalar.');
  checkSlope('prelu', slope, x.shape[x.rank - 1]);
  return op({ x, slope }, {})[0] as T;
}
