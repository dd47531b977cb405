import type { VerificationResult } from '@unitsphere/verification';
import { type Curve, fprKey, type Histogram, type VerificationSummary } from './data.js';

/** A verification result in the report's plain JSON form: figures, ROC curve and score histogram. */
export function summarizeVerification(
  result: VerificationResult,
  counts: { identities?: number; images?: number } = {},
): { summary: VerificationSummary; roc: Curve; histogram: Histogram } {
  const summary: VerificationSummary = {
    tprAtFpr: {},
    auroc: result.auroc,
    pairs: result.pairs,
    thresholds: {},
    intervals: {},
    resolved: {},
    ...counts,
  };
  for (const row of result.tprAtFpr) {
    const key = fprKey(row.fpr);
    summary.tprAtFpr[key] = row.tpr;
    // JSON has no infinity.
    summary.thresholds[key] = Number.isFinite(row.threshold) ? row.threshold : null;
    summary.intervals![key] = row.tprInterval;
    summary.resolved![key] = row.resolved;
  }
  return {
    summary,
    roc: { fpr: [...result.roc.fpr], tpr: [...result.roc.tpr] },
    histogram: {
      edges: [...result.histogram.edges],
      positive: [...result.histogram.positive],
      negative: [...result.histogram.negative],
    },
  };
}
