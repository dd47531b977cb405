import * as tf from '@tensorflow/tfjs-core';
import { isOnHost, viewOf } from '../host/heap.js';
import type { WeightedRegularizer } from '../regularizers/regularizer.js';

type CustomGrad = Parameters<typeof tf.customGrad>[0];

/**
 * Records a scalar and its gradients, computed together, as one operation of the tape. Stock operations are not recorded,
 * because @tensorflow/tfjs-core alone does not register their gradients.
 */
export function recordLoss(
  inputs: tf.Tensor[],
  compute: (inputs: tf.Tensor[]) => { value: tf.Scalar; gradients: tf.Tensor[] },
): tf.Scalar {
  const run = tf.customGrad(((...all: unknown[]) => {
    const save = all.pop() as tf.GradSaveFunc;
    const { value, gradients } = compute(all as tf.Tensor[]);
    save(gradients);
    return {
      value,
      gradFunc: (dy: tf.Scalar, saved: tf.Tensor[]) => {
        // A loss that is not combined with others has an upstream gradient of 1.
        const isOne = isOnHost() && viewOf(dy)[0] === 1;
        return saved.map((gradient) => (isOne ? tf.clone(gradient) : tf.mul(gradient, dy)));
      },
    };
  }) as CustomGrad);
  return run(...inputs) as tf.Scalar;
}

/** Returns 0 with gradients 0, or NaN for non-finite inputs. */
export function zeroLoss(inputs: tf.Tensor[]): { value: tf.Scalar; gradients: tf.Tensor[] } {
  const zeros = inputs.map((x) => tf.mul(x, 0));
  return { value: tf.addN(zeros.map((x) => tf.sum(x) as tf.Scalar)), gradients: zeros };
}

/** Adds weight · regularizer(x) to a loss, on the tape. */
export function recordSum(
  loss: tf.Scalar,
  added: WeightedRegularizer | undefined,
  x: tf.Tensor2D,
): tf.Scalar {
  if (!added) return loss;
  const { regularizer, weight = 1 } = added;
  const run = tf.customGrad(((value: tf.Scalar, penalty: tf.Scalar) => ({
    value: tf.add(value, tf.mul(penalty, weight)),
    gradFunc: (dy: tf.Scalar) => [dy, tf.mul(dy, weight)],
  })) as unknown as CustomGrad);
  return run(loss, regularizer.loss(x)) as tf.Scalar;
}
