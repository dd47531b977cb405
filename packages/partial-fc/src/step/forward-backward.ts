import * as tf from '@tensorflow/tfjs-core';
import type { Communicator } from '@unitsphere/collectives';
import type { StateDict } from '@unitsphere/core';
import type { LabelMarginLoss, SavedStatistics } from '@unitsphere/margin-losses';
import { l2Normalize, l2NormalizeGradient, sumSquares } from '@unitsphere/ops';
import { columnsOfLabels, type RowSampler } from '../classes/row-sampler.js';
import type { PartialFCResult } from '../options.js';
import { fusedSoftmax } from '../softmax/fused-softmax.js';
import { matrixSoftmax, needsMatrix } from '../softmax/matrix-softmax.js';
import type { RankBatch, RankSoftmax } from '../softmax/rank-softmax.js';
import { softmaxOverRanks } from '../softmax/softmax-over-ranks.js';
import type { CenterStore, RowBlock } from '../stores/center-store.js';
import { BatchExchange } from './batch-exchange.js';
import { notFiniteError } from './check-batch.js';
import { HeldGradient } from './held-gradient.js';
import type { RowCatchUp } from './row-catch-up.js';
import { TrackedTensors } from './tracked-tensors.js';

/** Parts of a PartialFC that a pass uses. */
export interface PassContext {
  /** Number of classes over all ranks. */
  readonly classes: number;
  /** Length of an embedding. */
  readonly dimensions: number;
  readonly loss: LabelMarginLoss;
  /** Cosines with other classes above it count as 0; 0 filters nothing. */
  readonly filterThreshold: number;
  readonly communicator: Communicator;
  readonly store: CenterStore;
  readonly sampler: RowSampler;
  readonly catchUp: RowCatchUp;
}

/** Rows of this rank, and where the pass is in the training. */
export interface PassBatch {
  /** float32 [b, dimensions], of any length. */
  readonly embeddings: tf.Tensor2D;
  /** [b]: class numbers. */
  readonly labels: Int32Array;
  /** Labels of the next batch, if known. */
  readonly nextLabels: Int32Array | undefined;
  /** Number of steps applied before. */
  readonly stepCount: number;
}

/**
 * Computes the loss of a batch and its gradients. All ranks call it together.
 * @returns The result, and the gradient by the centers, which the caller applies or drops.
 * @throws RangeError or NotFiniteError on all ranks for invalid rows; what the store throws. Nothing is changed then.
 */
export async function forwardBackward(
  { classes, dimensions, loss, filterThreshold, communicator, store, sampler, catchUp }: PassContext,
  { embeddings, labels, nextLabels, stepCount }: PassBatch,
): Promise<{ result: PartialFCResult; held: HeldGradient }> {
  const { firstClass } = store.spec;
  const tensors = new TrackedTensors();
  let block: RowBlock | undefined;
  let statistics: StateDict | undefined;
  try {
    const batch = new BatchExchange(labels, dimensions, { communicator, tensors });
    batch.checkLabels(classes);
    const unit = labels.length > 0 ? tensors.track(l2Normalize(embeddings)) : undefined;
    const allUnit = await batch.gatherEmbeddings(unit);
    const norms = loss.needsNorms ? await batch.gatherNorms(embeddings) : undefined;

    const rows = sampler.sample(batch.labels, stepCount);
    if (rows.length > 0) {
      block = await store.gather(rows, catchUp.preparation(stepCount));
      sampler.prefetch(store, stepCount + 1, nextLabels);
    }
    statistics = await loss.statistics?.stateDict();
    const { sums, backward } = await softmaxOf({
      loss,
      filterThreshold,
      communicator,
      embeddings: allUnit,
      norms,
      centers: block?.centers,
      columns: columnsOfLabels(batch.labels, rows, firstClass),
      track: (tensor) => tensors.track(tensor),
    });
    const softmax = softmaxOverRanks(sums, loss.scale, communicator);
    if (softmax.notFinite >= 0) throw await notFiniteError(embeddings, batch.nameOf(softmax.notFinite));

    const gradients = backward(softmax);
    for (const gradient of Object.values(gradients ?? {})) tensors.track(gradient);
    const dUnit = await batch.scatterGradient(gradients?.dEmbeddings);
    const embeddingGradient = tensors.track(
      unit && dUnit ? l2NormalizeGradient(embeddings, dUnit) : tf.zeros<tf.Rank.R2>([0, dimensions]),
    );
    const squares = gradients && tensors.track(sumSquares(gradients.dCenters));
    const gradientSquareSum = squares ? (await squares.data())[0] : 0;
    const held = block && gradients && { block, gradient: gradients.dCenters };
    if (held) tensors.keep(held.gradient);
    tensors.keep(embeddingGradient);
    return {
      result: { loss: softmax.loss, embeddingGradient, gradientSquareSum },
      held: new HeldGradient(held, statistics),
    };
  } catch (error) {
    block?.dispose();
    restoreStatistics(loss, statistics);
    throw error;
  } finally {
    tensors.dispose();
  }
}

/** Restores the statistics of a loss, if it has any. */
export function restoreStatistics(loss: LabelMarginLoss, state: StateDict | undefined): void {
  if (state) loss.statistics?.loadStateDict(state as SavedStatistics);
}

function softmaxOf(batch: RankBatch): Promise<RankSoftmax> {
  return needsMatrix(batch.loss) ? matrixSoftmax(batch) : fusedSoftmax(batch);
}
