import type * as tf from '@tensorflow/tfjs-core';
import { PReLU } from '@unitsphere/core';
import { BatchNorm2d } from '@unitsphere/norms';
import type { Layer } from './residual.js';

/** Runs layers one after another; a batch norm and the PReLU behind it in one pass. */
export function runLayers(layers: readonly Layer[], x: tf.Tensor4D): tf.Tensor4D {
  let value = x;
  for (let i = 0; i < layers.length; i++) {
    const [layer, next] = [layers[i]!, layers[i + 1] as unknown];
    if (layer instanceof BatchNorm2d && next instanceof PReLU) {
      value = layer.forward(value, next.weight.variable as tf.Tensor1D);
      i++;
    } else value = layer.forward(value);
  }
  return value;
}
