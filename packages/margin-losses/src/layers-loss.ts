import * as tf from '@tensorflow/tfjs-core';
import type { MarginLoss } from './margin-loss.js';

/**
 * Converts a margin loss to a function for `model.compile({ loss })` of the layers API, for a model that ends in a
 * `cosineLayer`. The function returns the mean over the batch, so do not use `classWeight` or `sampleWeight` with it.
 *
 * `yTrue` is one-hot [batch, classes] of any dtype, as `model.fit` requires for custom losses. Direct calls may also pass
 * class indices, [batch] or [batch, 1]. `yPred` holds the cosines.
 *
 * A loss with statistics updates them in `evaluate` too, because a layers model does not tell a loss whether it trains.
 * Set `loss.statistics.training` to false for the evaluation.
 * @throws Error for a loss that requires norms, which a layers model does not pass to its loss. The function throws
 *   RangeError if yTrue has another shape.
 */
export function layersLoss(loss: MarginLoss): (yTrue: tf.Tensor, yPred: tf.Tensor) => tf.Scalar {
  if (loss.needsNorms) {
    throw new Error(
      "layersLoss: this loss requires the embeddings' norms, but a layers model passes only cosines. Call " +
        'loss.loss(cosines, labels, norms) in your own training loop, or use a loss without norms.',
    );
  }
  return (yTrue, yPred) => tf.tidy(() => loss.loss(yPred as tf.Tensor2D, labelsOf(yTrue, yPred)));
}

function labelsOf(yTrue: tf.Tensor, yPred: tf.Tensor): tf.Tensor1D {
  const [rows, classes] = yPred.shape;
  if (yTrue.rank === 2 && yTrue.shape[0] === rows && yTrue.shape[1] === classes && classes > 1) {
    return tf.argMax(yTrue, 1) as tf.Tensor1D;
  }
  if (yTrue.size === rows && yTrue.rank <= 2) return tf.cast(tf.reshape(yTrue, [rows]), 'int32');
  throw new RangeError(
    `layersLoss: targets of shape [${yTrue.shape}] do not match cosines of shape [${yPred.shape}]; pass one-hot rows: tf.oneHot(labels, ${classes}).`,
  );
}
