import * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import type {
  MarginSoftmaxAttrs,
  MarginSoftmaxBackwardInputs,
  MarginSoftmaxForwardAttrs,
  MarginSoftmaxForwardInputs,
} from '../margin-softmax-attrs.js';
import { composeForward, computeCosineGradients, computeCosines } from '../margin-softmax-composition.js';

/** Keeps the cosines for the backward pass, if asked to. */
export const marginSoftmaxForwardTensorFlow: Kernel<
  MarginSoftmaxForwardInputs,
  MarginSoftmaxForwardAttrs
> = ({ inputs, attrs }) =>
  tf.tidy(() => {
    const { sums, cosines } = composeForward(inputs, attrs);
    return attrs.keepCosines ? [...sums, tf.reshape(cosines, [-1])] : sums;
  });

/** Applies the factors of the centers' lengths to cosines and to one vector, which saves passes over [C, D]. */
export const marginSoftmaxBackwardTensorFlow: Kernel<
  MarginSoftmaxBackwardInputs,
  MarginSoftmaxAttrs & { rows: number }
> = ({ inputs, attrs }) =>
  tf.tidy(() => {
    const { embeddings, centers, inverseNorms } = inputs;
    const shape: [number, number] = [embeddings.shape[0], centers.shape[0]];
    const cosines = inputs.cosines
      ? (tf.reshape(inputs.cosines, shape) as tf.Tensor2D)
      : computeCosines(embeddings, centers, inverseNorms);
    const dCosines = computeCosineGradients(inputs, cosines, attrs);
    const scaled = tf.mul(dCosines, tf.reshape(inverseNorms, [1, -1])) as tf.Tensor2D;
    const dCenters = tf.matMul(scaled, embeddings, true, false);
    // A center's length changes no cosine, so its gradient has no component along the center.
    const along = tf.mul(tf.sum(tf.mul(dCenters, centers), 1), tf.square(inverseNorms));
    return [tf.matMul(scaled, centers), tf.sub(dCenters, tf.mul(centers, tf.reshape(along, [-1, 1])))];
  });
