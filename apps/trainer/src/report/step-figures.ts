import type { ReportData, StepMetrics } from './data.js';
import { formatCount, formatNumber } from './format-values.js';
import { type Figure, stepAxis } from './plots.js';
import { extremePoints, meanPoints } from './thin.js';

type Pick = (metrics: StepMetrics) => number | null | undefined;

/** A value logged by step, and how to draw it. */
interface Metric {
  id: string;
  title: string;
  caption: string;
  pick: Pick;
  /** Whether the value follows a schedule. It is then drawn as it is; measurements are drawn faintly under their running mean. */
  scheduled?: boolean;
  /** Whether the axis need not start at zero. */
  floating?: boolean;
}

/** Returns a figure for each value that was logged by step. Margin and scale are omitted if they are constant. */
export function stepFigures(data: ReportData): Figure[] {
  const logged = (pick: Pick) => data.metrics.some((m) => typeof pick(m) === 'number');
  const varies = (pick: Pick) =>
    new Set(data.metrics.map(pick).filter((v) => typeof v === 'number')).size > 1;
  const nonFinite = data.metrics.filter((m) => m.loss === null || !Number.isFinite(m.loss)).length;

  const metrics: Metric[] = [
    {
      id: 'loss',
      title: 'Loss',
      caption:
        'The margin loss of each batch. Its value depends on scale and margin; only its trend is meaningful.' +
        (nonFinite > 0
          ? ` It was not finite at ${formatCount(nonFinite)} logged ${nonFinite === 1 ? 'step' : 'steps'}.`
          : ''),
      pick: (m) => m.loss,
      floating: true,
    },
    {
      id: 'learning-rate',
      title: 'Learning rate',
      caption: 'The learning rate of the optimizer.',
      pick: (m) => m.lr,
      scheduled: true,
    },
  ];
  if (varies((m) => m.margin)) {
    metrics.push({
      id: 'margin',
      title: 'Margin',
      caption: 'The margin that the loss requires between the right class and the others.',
      pick: (m) => m.margin,
      scheduled: true,
    });
  }
  if (varies((m) => m.scale)) {
    metrics.push({
      id: 'scale',
      title: 'Scale',
      caption: 'The factor on the cosines in the loss.',
      pick: (m) => m.scale,
      scheduled: true,
    });
  }
  if (logged((m) => m.gradientNorm)) {
    metrics.push({
      id: 'gradient-norm',
      title: 'Gradient norm',
      caption:
        'The L2 norm of all gradients together, before clipping. Spikes indicate hard or corrupt batches.',
      pick: (m) => m.gradientNorm,
    });
  }
  if (logged((m) => m.pairLoss)) {
    metrics.push(
      {
        id: 'margin-loss',
        title: 'Margin loss',
        caption: 'The part of the loss that the class centers give.',
        pick: (m) => m.marginLoss,
        floating: true,
      },
      {
        id: 'pair-loss',
        title: 'Pair loss',
        caption: 'The part of the loss that pairs of images give, with its weight.',
        pick: (m) => m.pairLoss,
        floating: true,
      },
    );
  }
  if (logged((m) => m.distillationLoss)) {
    metrics.push(...distillationMetrics(varies((m) => m.distillationWeight)));
  }
  if (logged((m) => m.imagesPerSecond)) {
    metrics.push({
      id: 'throughput',
      title: 'Throughput',
      caption: 'Training images per second.',
      pick: (m) => m.imagesPerSecond,
    });
  }
  return metrics.map((metric) => stepFigure(data, metric));
}

/** Figures that show the influence of the teacher relative to the margin loss. */
function distillationMetrics(weightVaries: boolean): Metric[] {
  return [
    {
      id: 'distillation-loss',
      title: 'Distillation loss',
      caption:
        "The distillation loss between the student's embeddings and the teacher's features, without its weight.",
      pick: (m) => m.distillationLoss,
      floating: true,
    },
    ...(weightVaries
      ? [
          {
            id: 'distillation-weight',
            title: 'Distillation weight',
            caption: 'The factor of the distillation loss.',
            pick: (m: StepMetrics) => m.distillationWeight,
            scheduled: true,
          },
        ]
      : []),
    {
      id: 'distillation-share',
      title: 'Distillation gradient over margin gradient',
      caption:
        'The norm of the weighted distillation gradient of the embeddings, divided by that of the margin loss. ' +
        'Far below 1, the teacher has little influence.',
      pick: ({ distillationGradientNorm: own, marginGradientNorm: margin }) =>
        typeof own === 'number' && margin ? own / margin : null,
    },
  ];
}

function stepFigure(data: ReportData, { id, title, caption, pick, scheduled, floating }: Metric): Figure {
  const points = data.metrics.map((m): [number, number | null] => [m.step, pick(m) ?? null]);
  const finite = points.flatMap(([, y]) => (y !== null && Number.isFinite(y) ? [y] : []));
  const line = scheduled ? extremePoints(points) : meanPoints(points);
  const isAveraged = !scheduled && points.length > line.length;
  return {
    title,
    caption,
    plot: {
      id,
      description:
        finite.length === 0
          ? `${title}: no finite value was logged.`
          : `${title} by training step: from ${formatNumber(finite[0])} to ${formatNumber(finite[finite.length - 1])}.`,
      lines: [
        ...(isAveraged
          ? [{ points: extremePoints(points), color: '--trained', width: 1, opacity: 0.32 }]
          : []),
        { points: line, color: '--trained', dots: line.length <= 12 },
      ],
      x: stepAxis,
      y: { ticks: 4, min: floating ? undefined : 0, format: formatNumber },
    },
    key: isAveraged ? [{ label: 'running mean, over single steps', color: '--trained' }] : [],
  };
}
