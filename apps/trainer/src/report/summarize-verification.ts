import type { VerificationResult } from '@unitsphere/verification';
import { type Curve, fprKey, type Histogram, type Protocol, type VerificationSummary } from './data.js';

/** Converts a verification result to the report's JSON form: figures, ROC curve and score histogram. */
export function summarizeVerification(
  result: VerificationResult,
  protocol?: Protocol,
): { summary: VerificationSummary; roc: Curve; histogram: Histogram } {
  const intervals: VerificationSummary['intervals'] = {};
  const resolved: VerificationSummary['resolved'] = {};
  const summary: VerificationSummary = {
    tprAtFpr: {},
    auroc: result.auroc,
    pairs: result.pairs,
    thresholds: {},
    intervals,
    resolved,
    ...protocol,
  };
  for (const row of result.tprAtFpr) {
    const key = fprKey(row.fpr);
    summary.tprAtFpr[key] = row.resolved ? row.tpr : null;
    // JSON has no Infinity.
    summary.thresholds[key] = Number.isFinite(row.threshold) ? row.threshold : null;
    if (row.resolved) intervals[key] = row.tprInterval;
    resolved[key] = row.resolved;
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
