import type * as tf from '@tensorflow/tfjs-core';
import { rowsOf } from '../check.js';
import type { Kernel } from '../define-op.js';
import { wasmRuntime } from './runtime.js';

export const globalAveragePoolWasm: Kernel<{ x: tf.Tensor4D }, { height: number; width: number }> = ({
  inputs: { x },
  attrs: { height, width },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const [images, , , channels] = x.shape;
  const pixels = height * width;
  const y = runtime.output([images, channels]);
  runtime.kernels.globalAveragePool(runtime.pointer(x), images, pixels, channels, runtime.pointer(y));
  return y;
};

export const globalAveragePoolGradWasm: Kernel<{ dy: tf.Tensor2D }, { height: number; width: number }> = ({
  inputs: { dy },
  attrs: { height, width },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const [images, channels] = dy.shape;
  const pixels = height * width;
  const dx = runtime.output([images, height, width, channels]);
  runtime.kernels.globalAveragePoolGrad(runtime.pointer(dy), images, pixels, channels, runtime.pointer(dx));
  return dx;
};

export const scaleChannelsWasm: Kernel<{ x: tf.Tensor4D; gate: tf.Tensor2D }, object> = ({
  inputs: { x, gate },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const [images, height, width, channels] = x.shape;
  const pixels = height * width;
  const y = runtime.output(x.shape);
  const [xAt, gateAt, yAt] = [runtime.pointer(x), runtime.pointer(gate), runtime.pointer(y)];
  runtime.kernels.scaleChannels(xAt, gateAt, images, pixels, channels, yAt);
  return y;
};

export const scaleChannelsGradGateWasm: Kernel<{ x: tf.Tensor4D; dy: tf.Tensor4D }, object> = ({
  inputs: { x, dy },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const [images, height, width, channels] = x.shape;
  const pixels = height * width;
  const dgate = runtime.output([images, channels]);
  const [xAt, dyAt, dgateAt] = [runtime.pointer(x), runtime.pointer(dy), runtime.pointer(dgate)];
  runtime.kernels.scaleChannelsGradGate(xAt, dyAt, images, pixels, channels, dgateAt);
  return dgate;
};

export const addBiasWasm: Kernel<{ x: tf.Tensor; bias: tf.Tensor1D }, object> = ({
  inputs: { x, bias },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const y = runtime.output(x.shape);
  const [xAt, biasAt, yAt] = [runtime.pointer(x), runtime.pointer(bias), runtime.pointer(y)];
  runtime.kernels.addBias(xAt, rowsOf(x), bias.size, biasAt, yAt);
  return y;
};

export const columnSumsWasm: Kernel<{ x: tf.Tensor }, object> = ({ inputs: { x }, backend }) => {
  const runtime = wasmRuntime(backend);
  const channels = x.shape[x.shape.length - 1];
  const sums = runtime.output([channels]);
  runtime.kernels.columnSums(runtime.pointer(x), rowsOf(x), channels, runtime.pointer(sums), 1);
  return sums;
};
