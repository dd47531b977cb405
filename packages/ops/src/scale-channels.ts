import * as tf from '@tensorflow/tfjs-core';
import { checkEqual, checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import { scaleChannelsGradGateWasm, scaleChannelsWasm } from './wasm/channels.js';
import { scaleChannelsGradGateWebGpu, scaleChannelsWebGpu } from './webgpu/scale-channels.js';

/** Reshapes [batch, channels] to broadcast over height and width. */
const spread = (gate: tf.Tensor2D) => tf.reshape(gate, [gate.shape[0], 1, 1, gate.shape[1]]);

const gateGradOp = /* @__PURE__ */ defineOp<{ x: tf.Tensor4D; dy: tf.Tensor4D }, object>({
  name: 'UnitsphereScaleChannelsGradGate',
  compose: ({ x, dy }) => tf.sum(tf.mul(dy, x), [1, 2]),
  kernels: { wasm: scaleChannelsGradGateWasm, webgpu: scaleChannelsGradGateWebGpu },
});

const op: (inputs: { x: tf.Tensor4D; gate: tf.Tensor2D }, attrs: object) => tf.Tensor[] =
  /* @__PURE__ */ defineOp({
    name: 'UnitsphereScaleChannels',
    compose: ({ x, gate }: { x: tf.Tensor4D; gate: tf.Tensor2D }) => tf.mul(x, spread(gate)),
    inputsToSave: ['x', 'gate'],
    gradient: ([dyTensor], saved) => {
      const dy = dyTensor as tf.Tensor4D;
      const [x, gate] = saved as [tf.Tensor4D, tf.Tensor2D];
      return { x: () => op({ x: dy, gate }, {})[0], gate: () => gateGradOp({ x, dy }, {})[0] };
    },
    kernels: { wasm: scaleChannelsWasm, webgpu: scaleChannelsWebGpu },
  });

/**
 * Multiplies each channel of each image by a factor, as squeeze-and-excitation does (Hu et al., 2018).
 * @param x float32 [batch, height, width, channels].
 * @param gate float32 [batch, channels].
 * @returns A tensor of x's shape.
 * @throws Error on a wrong rank or dtype, or if batch or channels differ.
 */
export function scaleChannels(x: tf.Tensor4D, gate: tf.Tensor2D): tf.Tensor4D {
  checkFloat('scaleChannels', 'x', x, 4);
  checkFloat('scaleChannels', 'gate', gate, 2);
  checkEqual('scaleChannels', "the gate's batch", gate.shape[0], x.shape[0]);
  checkEqual('scaleChannels', "the gate's channel count", gate.shape[1], x.shape[3]);
  return op({ x, gate }, {})[0] as tf.Tensor4D;
}
