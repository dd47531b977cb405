import type * as tf from '@tensorflow/tfjs-core';
import { addBias } from './add-bias.js';
import { checkEqual, checkFloat } from './check.js';
import { matMul } from './mat-mul.js';

/**
 * Computes x · weightᵀ + bias, as torch.nn.functional.linear. The product has the precision of setFloat32MatmulPrecision.
 * @param x float32 [batch, inFeatures].
 * @param weight float32 [outFeatures, inFeatures], PyTorch's layout.
 * @param bias float32 [outFeatures]; optional.
 * @returns float32 [batch, outFeatures].
 * @throws Error on a wrong rank or dtype, or if the feature counts differ.
 */
export function linear(x: tf.Tensor2D, weight: tf.Tensor2D, bias?: tf.Tensor1D): tf.Tensor2D {
  checkFloat('linear', 'x', x, 2);
  checkFloat('linear', 'weight', weight, 2);
  checkEqual('linear', 'the number of input features', x.shape[1], weight.shape[1]);
  const y = matMul(x, weight, false, true);
  return bias ? addBias(y, bias) : y;
}
