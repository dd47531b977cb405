import { bootstrapVerification } from '@unitsphere/verification';
import type { EvaluationImages } from '../dataset/evaluation-images.js';
import type { ProgressReporter } from '../progress/progress-reporter.js';
import { fprKey, type IdentityIntervals } from '../report/index.js';
import type { ModelVerification } from './verify-model.js';

/** Resampling more pairs takes minutes. */
const MOST_PAIRS = 2e7;

/** Computes intervals by the bootstrap over identities; undefined if there are too many pairs. */
export function identityIntervals(
  { embeddings, dimensions, verification }: ModelVerification,
  { images }: EvaluationImages,
  progress: ProgressReporter,
): IdentityIntervals | undefined {
  if (verification.pairs.negative > MOST_PAIRS) {
    progress.note('too many pairs to resample identities: the intervals assume independent pairs');
    return undefined;
  }
  progress.phase('resampling identities');
  const labels = Int32Array.from(images, ({ label }) => label);
  const measured = verification.tprAtFpr.filter(({ resolved }) => resolved).map(({ fpr }) => fpr);
  const { auroc, tprAtFpr } = bootstrapVerification(embeddings, dimensions, labels, { fprs: measured });
  return {
    auroc,
    tprAtFpr: Object.fromEntries(tprAtFpr.map(({ fpr, interval }) => [fprKey(fpr), interval])),
  };
}
