import type { Metric } from './study-schema.js';

/** Figures that a metric can be read from. */
export interface Scored {
  tprAtFpr: Record<string, number>;
  auroc: number;
  rank1?: number;
}

/** A metric of figures, in [0, 1]. */
export function scoreOf(metric: Metric, figures: Scored): number {
  const score =
    metric === 'auroc'
      ? figures.auroc
      : metric === 'rank1'
        ? figures.rank1
        : figures.tprAtFpr[metric.replace('tpr@', '')];
  if (score === undefined) throw new Error(`the figures of a run have no ${metric}.`);
  return score;
}

/** A metric as tables call it. */
export function metricLabel(metric: Metric): string {
  if (metric === 'auroc') return 'AUROC';
  return metric === 'rank1' ? 'rank-1' : `TPR at FPR ${metric.replace('tpr@', '')}`;
}
