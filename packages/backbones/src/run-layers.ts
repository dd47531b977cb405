import type * as tf from '@tensorflow/tfjs-core';
import { PReLU, runInSequence } from '@unitsphere/core';
import { BatchNorm2d } from '@unitsphere/norms';
import type { Layer } from './layer.js';

/** Runs layers in sequence; fuses a batch norm with a following PReLU. */
export function runLayers(layers: readonly Layer[], x: tf.Tensor4D): tf.Tensor4D {
  const passes: ((value: tf.Tensor4D) => tf.Tensor4D)[] = [];
  for (let i = 0; i < layers.length; i++) {
    const [layer, next] = [layers[i], layers[i + 1] as unknown];
    if (layer instanceof BatchNorm2d && next instanceof PReLU) {
      passes.push((value) => layer.forward(value, next.weight.variable as tf.Tensor1D));
      i++;
    } else passes.push((value) => layer.forward(value));
  }
  return runInSequence(passes, x, (pass, value) => pass(value));
}
