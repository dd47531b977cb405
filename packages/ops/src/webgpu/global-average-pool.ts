import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { spreadOverImages, sumOverImages } from './images.js';
import { webGpuRuntime } from './runtime.js';

export const globalAveragePoolWebGpu: Kernel<{ x: tf.Tensor4D }, { height: number; width: number }> = ({
  inputs: { x },
  attrs: { height, width },
  backend,
}) => sumOverImages(webGpuRuntime(backend), 'globalAveragePool', { x }, 1 / (height * width), 'x[at]');

export const globalAveragePoolGradWebGpu: Kernel<{ dy: tf.Tensor2D }, { height: number; width: number }> = ({
  inputs: { dy },
  attrs: { height, width },
  backend,
}) =>
  spreadOverImages(
    webGpuRuntime(backend),
    'globalAveragePoolGrad',
    [dy.shape[0], height, width, dy.shape[1]],
    {},
    { dy },
    1 / (height * width),
    'dy[once] * u.factor',
  );
