import { bootstrapVerification } from '@unitsphere/verification';
import type { EvaluationImages } from '../dataset/evaluation-images.js';
import { fprKey } from '../report/data.js';
import type { ModelVerification } from './verify-model.js';

/** 95 % intervals of the figures that a model would reach on other identities of the same kind. */
export interface IdentityIntervals {
  auroc: { low: number; high: number };
  /** By `fprKey`; only rates for which there are enough negative pairs. */
  tprAtFpr: Record<string, { low: number; high: number }>;
}

/** Resampling more pairs takes minutes. */
const MOST_PAIRS = 2e7;

/** Computes intervals by the bootstrap over identities; undefined if there are too many pairs. */
export function identityIntervals(
  { embeddings, dimensions, verification }: ModelVerification,
  { images }: EvaluationImages,
): IdentityIntervals | undefined {
  if (verification.pairs.negative > MOST_PAIRS) return undefined;
  const labels = Int32Array.from(images, ({ label }) => label);
  const measured = verification.tprAtFpr.filter(({ resolved }) => resolved).map(({ fpr }) => fpr);
  const { auroc, tprAtFpr } = bootstrapVerification(embeddings, dimensions, labels, { fprs: measured });
  return {
    auroc,
    tprAtFpr: Object.fromEntries(tprAtFpr.map(({ fpr, interval }) => [fprKey(fpr), interval])),
  };
}
