import type * as tf from '@tensorflow/tfjs-core';
import { inTurn, PReLU } from '@unitsphere/core';
import { BatchNorm2d } from '@unitsphere/norms';
import type { Layer } from './residual.js';

/** Runs layers one after another; a batch norm and the PReLU behind it in one pass. */
export function runLayers(layers: readonly Layer[], x: tf.Tensor4D): tf.Tensor4D {
  const passes: ((value: tf.Tensor4D) => tf.Tensor4D)[] = [];
  for (let i = 0; i < layers.length; i++) {
    const [layer, next] = [layers[i], layers[i + 1] as unknown];
    if (layer instanceof BatchNorm2d && next instanceof PReLU) {
      passes.push((value) => layer.forward(value, next.weight.variable as tf.Tensor1D));
      i++;
    } else passes.push((value) => layer.forward(value));
  }
  return inTurn(passes, x, (pass, value) => pass(value));
}
