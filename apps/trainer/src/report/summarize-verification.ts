import type { VerificationResult } from '@unitsphere/verification';
import { type Curve, fprKey, type Histogram, type Protocol, type VerificationSummary } from './data.js';

/** 95 % intervals of the figures that a model would reach on other identities of the same kind. */
export interface IdentityIntervals {
  auroc: { low: number; high: number };
  /** By `fprKey`; only rates for which there are enough negative pairs. */
  tprAtFpr: Record<string, { low: number; high: number }>;
}

/**
 * Converts a verification result to the report's JSON form: figures, ROC curve and score histogram.
 * @param overIdentities Intervals that replace those over pairs.
 */
export function summarizeVerification(
  result: VerificationResult,
  protocol?: Protocol,
  overIdentities?: IdentityIntervals,
): { summary: VerificationSummary; roc: Curve; histogram: Histogram } {
  const intervals: VerificationSummary['intervals'] = { ...overIdentities?.tprAtFpr };
  const resolved: VerificationSummary['resolved'] = {};
  const summary: VerificationSummary = {
    tprAtFpr: {},
    auroc: result.auroc,
    pairs: result.pairs,
    thresholds: {},
    intervals,
    intervalsOver: overIdentities ? 'identities' : 'pairs',
    ...(overIdentities && { aurocInterval: overIdentities.auroc }),
    resolved,
    ...protocol,
  };
  for (const row of result.tprAtFpr) {
    const key = fprKey(row.fpr);
    summary.tprAtFpr[key] = row.resolved ? row.tpr : null;
    summary.thresholds[key] = row.threshold;
    if (row.resolved && !overIdentities) intervals[key] = row.tprInterval;
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
