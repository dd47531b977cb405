import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { spreadOverImages, sumOverImages } from './images.js';
import { webGpuRuntime } from './runtime.js';

export const scaleChannelsWebGpu: Kernel<{ x: tf.Tensor4D; gate: tf.Tensor2D }, object> = ({
  inputs: { x, gate },
  backend,
}) =>
  spreadOverImages(
    webGpuRuntime(backend),
    'scaleChannels',
    x.shape,
    { x },
    { gate },
    1,
    'x[at] * gate[once]',
  );

export const scaleChannelsGradGateWebGpu: Kernel<{ x: tf.Tensor4D; dy: tf.Tensor4D }, object> = ({
  inputs: { x, dy },
  backend,
}) => sumOverImages(webGpuRuntime(backend), 'scaleChannelsGradGate', { x, dy }, 1, 'x[at] * dy[at]');
