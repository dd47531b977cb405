import type { Curve, Histogram, MeasuredReportData, ReportData, ValidationPoint } from './data.js';
import type { Line, Plot } from './draw-plot.js';
import { formatCosine, formatCount, formatPercent, formatRate } from './format-values.js';
import { type Headline, listRates } from './headline.js';

/** A plot with its title, caption and key. */
export interface Figure {
  title: string;
  caption: string;
  plot: Plot;
  key: { label: string; color: string; dashed?: boolean }[];
}

/** An axis of fractions from 0 to 100 %. */
export const percentAxis = {
  min: 0,
  max: 1,
  interval: 0.2,
  format: (v: number) => `${Math.round(v * 100)}\u202f%`,
};
/** The axis of training steps. */
export const stepAxis = { name: 'training step', format: formatCount };

/** Distinguishable colors of rates, in descending order of FPR, or of arms. */
export const SERIES_COLORS = ['--rate-1', '--rate-2', '--rate-3', '--rate-4', '--rate-5'];

/** Plots the ROC curves of the trained and the untrained network on held-out pairs. */
export function rocFigure(data: MeasuredReportData, headline: Headline): Figure {
  const { negative } = data.summary.heldOut.pairs;
  const left = 10 ** Math.max(-8, Math.floor(Math.log10(1 / negative)));
  const { heldOut, untrained } = data.roc;
  const lines: Line[] = [];
  if (untrained) {
    lines.push({
      points: clipCurve(untrained, left),
      color: '--untrained',
      dashed: true,
      step: true,
      width: 1.75,
    });
  }
  lines.push({ points: clipCurve(heldOut, left), color: '--trained', step: true, width: 2.5 });
  if (headline.trained !== null) {
    lines.push({ points: [[headline.fpr, headline.trained]], color: '--trained', dots: true });
  }
  return {
    title: 'True accepts by false accepts',
    caption:
      'A ROC curve: each point is a threshold, with the share of accepted pairs of the same identity over the share of ' +
      'accepted pairs of different identities. Higher and further left is better.' +
      (headline.trained === null ? '' : ' The dot is the headline.'),
    plot: {
      id: 'roc',
      description:
        `ROC curve on a logarithmic axis of false accepts. Trained: AUROC ${data.summary.heldOut.auroc.toFixed(4)}` +
        (headline.trained === null
          ? '.'
          : `, ${formatPercent(headline.trained)} at ${formatRate(headline.fpr)}.`) +
        (data.summary.untrained ? ` Before training: AUROC ${data.summary.untrained.auroc.toFixed(4)}.` : ''),
      lines,
      x: { name: 'false accepts', log: true, min: left, max: 1, format: powerOfTen },
      y: percentAxis,
    },
    key: [
      { label: 'trained', color: '--trained' },
      ...(untrained ? [{ label: 'before training', color: '--untrained', dashed: true }] : []),
    ],
  };
}

/** Clips a curve at the left end of the axis. The TPR of clipped points becomes the height there. */
function clipCurve(curve: Curve, left: number): [number, number][] {
  let height = 0;
  const points: [number, number][] = [];
  curve.fpr.forEach((fpr, k) => {
    if (fpr <= left) height = Math.max(height, curve.tpr[k]);
    else points.push([fpr, curve.tpr[k]]);
  });
  return [[left, height], ...points];
}

/** Formats a power of ten of at most 1: "all", "1 in 10", "10⁻³". */
export function powerOfTen(value: number): string {
  const power = Math.round(Math.log10(value));
  if (power === 0) return 'all';
  const digits = [...String(-power)].map((digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]).join('');
  return power === -1 ? '1 in 10' : `10⁻${digits}`;
}

/** Plots the scores of held-out pairs of the same and of different identities. */
export function histogramFigure(data: MeasuredReportData, headline: Headline): Figure {
  const { edges, positive, negative } = visibleBins(data.histogram);
  const toShares = (counts: number[]) => {
    const total = counts.reduce((sum, count) => sum + count, 0) || 1;
    return counts.map((count) => count / total);
  };
  const [same, different] = [toShares(positive), toShares(negative)];
  // One point per edge; the last bin's height is repeated at the last edge.
  const steps = (shares: number[]): [number, number][] =>
    edges.map((edge, k) => [edge, shares[Math.min(k, shares.length - 1)]]);
  const top = Math.max(...same, ...different) * 1.06;
  const threshold = data.summary.heldOut.thresholds[headline.fprKey];
  const lines: Line[] = [
    { points: steps(different), color: '--different', step: true, filled: true, width: 1.75 },
    { points: steps(same), color: '--trained', step: true, filled: true, width: 1.75 },
  ];
  if (typeof threshold === 'number') {
    lines.push({
      points: [
        [threshold, 0],
        [threshold, top],
      ],
      color: '--ink',
      dashed: true,
      width: 1.5,
    });
  }
  return {
    title: 'Scores of held-out pairs',
    caption:
      'The cosines of pairs of the same and of different identities, as shares of the pairs of each kind. ' +
      'Less overlap is better. ' +
      (typeof threshold === 'number'
        ? `The dashed line is the threshold for one false accept in ${formatRate(headline.fpr).slice(5)}: ` +
          `${formatCosine(threshold)}.`
        : ''),
    plot: {
      id: 'histogram',
      description:
        'Histogram of cosine scores of pairs of the same and of different identities' +
        (typeof threshold === 'number' ? `, with the threshold at ${formatCosine(threshold)}.` : '.'),
      lines,
      x: {
        name: 'cosine',
        min: Math.floor(edges[0] * 10 + 1e-6) / 10,
        max: Math.ceil(edges[edges.length - 1] * 10 - 1e-6) / 10,
        format: (v) => String(Number(v.toFixed(2))).replace('-', '\u2212'),
      },
      y: { min: 0, max: top, ticks: 4, format: (v) => (v >= top * 0.99 ? '' : formatShare(v)) },
    },
    key: [
      { label: 'same', color: '--trained' },
      { label: 'different', color: '--different' },
      ...(typeof threshold === 'number' ? [{ label: 'threshold', color: '--ink', dashed: true }] : []),
    ],
  };
}

/** Returns the part of a histogram that contains pairs, merged to at most 80 bins, because finer bins show noise. */
function visibleBins({ edges, positive, negative }: Histogram): Histogram {
  const filled = positive.flatMap((count, k) => (count + negative[k] > 0 ? [k] : []));
  const first = filled[0] ?? 0;
  const end = (filled.at(-1) ?? positive.length - 1) + 1;
  const width = Math.ceil((end - first) / 80);
  const merged: Histogram = { edges: [edges[first]], positive: [], negative: [] };
  for (let k = first; k < end; k += width) {
    const to = Math.min(k + width, end);
    const sum = (counts: number[]) => counts.slice(k, to).reduce((total, count) => total + count, 0);
    merged.positive.push(sum(positive));
    merged.negative.push(sum(negative));
    merged.edges.push(edges[to]);
  }
  return merged;
}

function formatShare(value: number): string {
  return `${Number((value * 100).toFixed(1))}\u202f%`;
}

/** Plots the TPR on validation identities by training step. */
export function validationFigure(data: ReportData): Figure {
  return rateFigure(data, data.validation, {
    id: 'validation',
    title: 'Validation during training',
    identities: 'validation',
    caption:
      'The share of accepted same-identity pairs of the validation identities, by rate of false accepts.',
  });
}

/** Plots the TPR on held-out identities by training step, for runs that measured it. */
export function heldOutFigure(data: ReportData): Figure {
  return rateFigure(data, data.test ?? [], {
    id: 'held-out',
    title: 'Held-out identities during training',
    identities: 'held-out',
    caption:
      'The share of accepted same-identity pairs of the held-out identities, by rate of false accepts. ' +
      'It did not influence the training.',
  });
}

function rateFigure(
  data: ReportData,
  points: ValidationPoint[],
  { id, title, identities, caption }: Record<'id' | 'title' | 'identities' | 'caption', string>,
): Figure {
  // Without held-out identities, the rates are those of the points.
  const rates = listRates(data.summary.heldOut ?? points[0]).slice(0, SERIES_COLORS.length);
  const last = points.at(-1);
  const shown = rates.filter((key) => points.some((point) => typeof point.tprAtFpr[key] === 'number'));
  return {
    title,
    caption,
    plot: {
      id,
      description:
        `Accepted same-identity pairs of the ${identities} identities by training step. At the last measurement: ` +
        `${shown.map((key) => `${formatPercent(last?.tprAtFpr[key] ?? 0)} at ${formatRate(Number(key))}`).join(', ')}.`,
      lines: shown.map((key) => ({
        points: points.map((point) => [point.step, point.tprAtFpr[key] ?? null]),
        color: SERIES_COLORS[rates.indexOf(key)],
        dots: points.length <= 12,
      })),
      x: stepAxis,
      y: percentAxis,
    },
    key: shown.map((key) => ({ label: formatRate(Number(key)), color: SERIES_COLORS[rates.indexOf(key)] })),
  };
}
