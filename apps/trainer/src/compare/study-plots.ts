import { summarize } from '@unitsphere/verification/statistics';
import type { Axis, Band, Line } from '../report/draw-plot.js';
import { formatPercent } from '../report/format-values.js';
import { type Figure, percentAxis, powerOfTen, SERIES_COLORS, stepAxis } from '../report/plots.js';
import { metricLabel } from './score.js';
import { type Comparison, ROC_FPRS, type StudyResults, type StudyRunFigures } from './study-results.js';

/** The style of an arm's line. Arms that repeat a color are dashed. */
export interface ArmStyle {
  color: string;
  dashed: boolean;
}

/** Returns the style of the arm at an index of the study. */
export function armStyle(index: number): ArmStyle {
  return {
    color: SERIES_COLORS[index % SERIES_COLORS.length],
    dashed: index >= SERIES_COLORS.length,
  };
}

interface Series extends ArmStyle {
  label: string;
  /** x, with the mean and the standard deviation over seeds. */
  points: { x: number; mean: number; spread: number }[];
}

/** Returns a comparison's plots: ROC curves, and learning curves if the arms were measured during training. */
export function comparisonFigures(results: StudyResults, comparison: Comparison): Figure[] {
  return [curveFigure(results, comparison), rocOverlay(results, comparison)].filter((one) => one !== null);
}

/** Returns all plots of a study. */
export function studyFigures(results: StudyResults): Figure[] {
  return results.comparisons.flatMap((comparison) => comparisonFigures(results, comparison));
}

/** Plots the metric on held-out identities during training; null if it was not measured. */
export function curveFigure(results: StudyResults, comparison: Comparison): Figure | null {
  const series = collectSeries(results, comparison, ({ curve }) =>
    curve.map(({ step, value }) => [step, value]),
  );
  if (series.every(({ points }) => points.length < 2)) return null;
  const metric = metricLabel(results.metric);
  return figure({
    id: plotId('curve', comparison),
    title: `${metric} during training`,
    caption: `${metric} on held-out identities. It did not influence the training. Lines are means over seeds, bands one standard deviation.`,
    description: `${metric} by training step. At the end: ${describeEnds(series)}.`,
    series,
    x: stepAxis,
    y: fitAxis(series),
  });
}

/** Returns an axis that spans only the series, so that close lines stay distinguishable. */
function fitAxis(series: Series[]): Axis {
  const edges = series.flatMap(({ points }) =>
    points.flatMap(({ mean, spread }) => [mean - spread, mean + spread]),
  );
  const min = Math.max(0, Math.floor(10 * Math.min(...edges)) / 10);
  const max = Math.min(1, Math.ceil(10 * Math.max(...edges)) / 10);
  return { ...percentAxis, min, max, interval: (max - min) / 5 };
}

/** Plots the arms' mean ROC curves. */
export function rocOverlay(results: StudyResults, comparison: Comparison): Figure {
  const series = collectSeries(results, comparison, ({ roc }) => roc.map((tpr, i) => [ROC_FPRS[i], tpr]));
  return figure({
    id: plotId('roc', comparison),
    title: 'True accepts by false accepts',
    caption:
      'ROC curves: the share of accepted pairs of the same identity over the share of accepted pairs of different identities. Lines are means over seeds, bands one standard deviation.',
    description: `ROC curves on a logarithmic axis of false accepts. At the right end: ${describeEnds(series)}.`,
    series,
    x: { name: 'false accepts', log: true, min: ROC_FPRS[0], max: 1, format: powerOfTen },
    y: percentAxis,
  });
}

function figure({
  id,
  title,
  caption,
  description,
  series,
  x,
  y,
}: Pick<Figure, 'title' | 'caption'> & {
  id: string;
  description: string;
  series: Series[];
  x: Axis;
  y: Axis;
}): Figure {
  const lines = series.map(
    ({ points, color, dashed }): Line => ({
      points: points.map(({ x, mean }) => [x, mean]),
      color,
      dashed,
      dots: points.length <= 12,
    }),
  );
  const bands = series.map(
    ({ points, color }): Band => ({
      points: points.map(({ x, mean, spread }) => [
        x,
        Math.max(0, mean - spread),
        Math.min(1, mean + spread),
      ]),
      color,
    }),
  );
  const key = series.map(({ label, color, dashed }) => ({ label, color, dashed }));
  return { title, caption, key, plot: { id, description, lines, bands, x, y } };
}

/** Averages each arm's curves over seeds, point by point. Under a time budget, the steps of a point are averaged too. */
function collectSeries(
  { arms, runs }: StudyResults,
  { data, budget }: Comparison,
  getPoints: (figures: StudyRunFigures) => [number, number][],
): Series[] {
  return arms.flatMap(({ name, label }, index) => {
    const all = runs
      .filter((run) => run.arm === name && run.data === data && run.budget === budget)
      .flatMap(({ figures }) => (figures ? [getPoints(figures)] : []));
    if (all.length === 0) return [];
    const count = Math.min(...all.map((points) => points.length));
    const points = Array.from({ length: count }, (_, k) => {
      const [xs, ys] = [all.map((points) => points[k][0]), all.map((points) => points[k][1])];
      const { mean, std = 0 } = summarize(ys);
      return { x: summarize(xs).mean, mean, spread: std };
    });
    return [{ label, points, ...armStyle(index) }];
  });
}

const describeEnds = (series: Series[]) =>
  series.map(({ label, points }) => `${label} ${formatPercent(points.at(-1)?.mean ?? 0)}`).join(', ');

const plotId = (kind: string, { data, budget }: Comparison) => `${kind}-${data}-${budget}`;
