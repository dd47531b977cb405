import type { Metric } from './study-schema.js';

/** The figures from which a metric is read. */
export interface MetricFigures {
  tprAtFpr: Record<string, number | null>;
  auroc: number;
  rank1?: number;
}

/** Returns the value of a metric in [0, 1]; null if too few pairs measure it. @throws Error if the figures lack it. */
export function readScore(metric: Metric, figures: MetricFigures): number | null {
  const score =
    metric === 'auroc'
      ? figures.auroc
      : metric === 'rank1'
        ? figures.rank1
        : figures.tprAtFpr[metric.replace('tpr@', '')];
  if (score === undefined) throw new Error(`readScore: the figures of the run lack ${metric}.`);
  return score;
}

/** Returns the name of a metric in tables, such as "TPR at FPR 1e-3". */
export function metricLabel(metric: Metric): string {
  if (metric === 'auroc') return 'AUROC';
  return metric === 'rank1' ? 'rank-1' : `TPR at FPR ${metric.replace('tpr@', '')}`;
}
