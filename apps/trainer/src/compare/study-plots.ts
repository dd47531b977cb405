import { summarize } from '@unitsphere/verification/statistics';
import type { Axis, Band, Line } from '../report/draw-plot.js';
import { formatPercent } from '../report/format.js';
import { type Figure, percentAxis, powerOfTen, SERIES_COLORS, stepAxis } from '../report/plots.js';
import { metricLabel } from './score.js';
import { type Comparison, ROC_FPRS, type StudyResults, type StudyRunFigures } from './study-results.js';

/** How an arm is drawn: arms beyond the colors are dashed. */
export interface ArmStyle {
  color: string;
  dashed: boolean;
}

/** The style of the arm at a place in the study. */
export function armStyle(index: number): ArmStyle {
  return {
    color: SERIES_COLORS[index % SERIES_COLORS.length],
    dashed: index >= SERIES_COLORS.length,
  };
}

interface Series extends ArmStyle {
  label: string;
  /** x, mean, and the standard deviation over seeds. */
  points: { x: number; mean: number; spread: number }[];
}

/** A comparison's plots: learning curves, where arms were measured while they trained, and ROC curves over each other. */
export function comparisonFigures(results: StudyResults, comparison: Comparison): Figure[] {
  return [curveFigure(results, comparison), rocOverlay(results, comparison)].filter((one) => one !== null);
}

/** All plots of a study. */
export function studyFigures(results: StudyResults): Figure[] {
  return results.comparisons.flatMap((comparison) => comparisonFigures(results, comparison));
}

/** The metric on held-out identities while training: the mean over seeds, and a band of one standard deviation. */
export function curveFigure(results: StudyResults, comparison: Comparison): Figure | null {
  const series = seriesOf(results, comparison, ({ curve }) => curve.map(({ step, value }) => [step, value]));
  if (series.every(({ points }) => points.length < 2)) return null;
  const metric = metricLabel(results.metric);
  return figure({
    id: plotId('curve', comparison),
    title: `${metric} while training`,
    caption: `${metric} on held-out identities, measured for this picture; nothing was chosen by it. Lines are means over seeds, bands one standard deviation.`,
    description: `${metric} by training step. At the end: ${endsOf(series)}.`,
    series,
    x: stepAxis,
    y: closeAxis(series),
  });
}

/** The axis of what the series span, so that near ones can be told apart. */
function closeAxis(series: Series[]): Axis {
  const edges = series.flatMap(({ points }) =>
    points.flatMap(({ mean, spread }) => [mean - spread, mean + spread]),
  );
  const min = Math.max(0, Math.floor(10 * Math.min(...edges)) / 10);
  const max = Math.min(1, Math.ceil(10 * Math.max(...edges)) / 10);
  return { ...percentAxis, min, max, interval: (max - min) / 5 };
}

/** The arms' mean ROC curves over each other. */
export function rocOverlay(results: StudyResults, comparison: Comparison): Figure {
  const series = seriesOf(results, comparison, ({ roc }) => roc.map((tpr, i) => [ROC_FPRS[i], tpr]));
  return figure({
    id: plotId('roc', comparison),
    title: 'Recognized pairs by false accepts allowed',
    caption:
      'How many pairs of one identity are accepted, against how many pairs of different ones are let through. Lines are means over seeds, bands one standard deviation.',
    description: `ROC curves on a logarithmic axis of false accepts. With all accepted: ${endsOf(series)}.`,
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

/** Means over seeds, point by point: under a budget of time the steps of a point differ, and their mean stands for them. */
function seriesOf(
  { arms, runs }: StudyResults,
  { data, budget }: Comparison,
  pointsOf: (figures: StudyRunFigures) => [number, number][],
): Series[] {
  return arms.flatMap(({ name, label }, index) => {
    const all = runs
      .filter((run) => run.arm === name && run.data === data && run.budget === budget)
      .flatMap(({ figures }) => (figures ? [pointsOf(figures)] : []));
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

const endsOf = (series: Series[]) =>
  series.map(({ label, points }) => `${label} ${formatPercent(points.at(-1)?.mean ?? 0)}`).join(', ');

const plotId = (kind: string, { data, budget }: Comparison) => `${kind}-${data}-${budget}`;
