import * as tf from '@tensorflow/tfjs-core';
import type { MarginLoss } from './margin-loss.js';

/**
 * A margin loss as `model.compile({ loss })` of the layers API takes it, for a model that ends in a `cosineLayer`. It gives
 * the batch's mean, so `classWeight` and `sampleWeight` cannot act by row and must not be used with it.
 *
 * `yTrue` is one-hot [batch, classes] of any dtype, as `model.fit` wants the targets of every loss of the caller's own;
 * where the function is called otherwise, class numbers [batch] or [batch, 1] are taken too. `yPred` is the cosines.
 *
 * A loss with statistics moves them in `evaluate`, too, since a layers model does not say which of the two it is in: set
 * `loss.statistics.training` to false meanwhile.
 * @throws Error for a loss that needs norms, which a layers model does not give its loss; the function, RangeError where
 *   yTrue has neither shape.
 */
export function layersLoss(loss: MarginLoss): (yTrue: tf.Tensor, yPred: tf.Tensor) => tf.Scalar {
  if (loss.needsNorms) {
    throw new Error(
      "layersLoss: this loss needs the embeddings' norms, and a layers model gives its loss only the cosines. Call " +
        'loss.loss(cosines, labels, norms) in a training loop of your own, or use a loss without norms.',
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
    `layersLoss: targets of shape [${yTrue.shape}] do not fit cosines of shape [${yPred.shape}]; give one-hot rows: tf.oneHot(labels, ${classes}).`,
  );
}
