import * as tf from '@tensorflow/tfjs-core';
import { marginSoftmaxBackward, marginSoftmaxForward } from '@unitsphere/ops';
import { noSums, type RankBatch, type RankSoftmax, readSums } from './rank-softmax.js';

/** Computes the softmax with the fused operation, which keeps no logits. For losses that change the label's column only. */
export async function fusedSoftmax(batch: RankBatch): Promise<RankSoftmax> {
  const { loss, filterThreshold, embeddings, norms, centers, columns, track } = batch;
  const rows = columns.length;
  loss.statistics?.observe({ norms });
  if (!centers) return { sums: noSums(rows), backward: () => undefined };
  const labels = track(tf.tensor1d(columns, 'int32'));
  const options = { scale: loss.scale, filterThreshold };
  const forward = marginSoftmaxForward(embeddings, centers, labels, { ...options, keepCosines: true });
  Object.values(forward).forEach(track);
  return {
    sums: await readSums(batch, forward.own, forward),
    backward: ({ logSumExp, ownGradient }) =>
      marginSoftmaxBackward(
        {
          embeddings,
          centers,
          labels,
          inverseNorms: forward.inverseNorms,
          cosines: forward.cosines,
          logSumExp: track(tf.tensor1d(logSumExp)),
          ownGradient: track(tf.tensor1d(ownGradient)),
        },
        { ...options, rows },
      ),
  };
}
