import type { ReportData, StepMetrics } from './data.js';
import { formatCount, formatNumber } from './format.js';
import { type Figure, stepAxis } from './plots.js';
import { extremePoints, meanPoints } from './thin.js';

type Pick = (metrics: StepMetrics) => number | null | undefined;

/** A logged value and how to draw it. */
interface Metric {
  id: string;
  title: string;
  caption: string;
  pick: Pick;
  /** Set by a schedule: drawn as it is, where a measurement is drawn faintly under its running mean. */
  scheduled?: boolean;
  /** Its axis need not begin at zero. */
  floating?: boolean;
}

/** A figure for each value that was logged at the steps; a margin or a scale only where it changes. */
export function stepFigures(data: ReportData): Figure[] {
  const logged = (pick: Pick) => data.metrics.some((m) => typeof pick(m) === 'number');
  const varies = (pick: Pick) =>
    new Set(data.metrics.map(pick).filter((v) => typeof v === 'number')).size > 1;
  const broken = data.metrics.filter((m) => m.loss === null || !Number.isFinite(m.loss)).length;

  const metrics: Metric[] = [
    {
      id: 'loss',
      title: 'Loss',
      caption:
        'The margin loss of each batch. Its size depends on the scale and the margin, so watch its course.' +
        (broken > 0
          ? ` It was not a finite number at ${formatCount(broken)} logged ${broken === 1 ? 'step' : 'steps'}.`
          : ''),
      pick: (m) => m.loss,
      floating: true,
    },
    {
      id: 'learning-rate',
      title: 'Learning rate',
      caption: 'The step size of the optimizer.',
      pick: (m) => m.lr,
      scheduled: true,
    },
  ];
  if (varies((m) => m.margin)) {
    metrics.push({
      id: 'margin',
      title: 'Margin',
      caption: 'By how much the loss asks the right class to win.',
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
      caption: 'The length of the whole gradient, before clipping. Spikes are hard or broken batches.',
      pick: (m) => m.gradientNorm,
    });
  }
  if (logged((m) => m.distillationLoss)) {
    metrics.push(...distillationMetrics(varies((m) => m.distillationWeight)));
  }
  if (logged((m) => m.imagesPerSecond)) {
    metrics.push({
      id: 'throughput',
      title: 'Images a second',
      caption: 'The speed of training.',
      pick: (m) => m.imagesPerSecond,
    });
  }
  return metrics.map((metric) => stepFigure(data, metric));
}

/** What shows whether a teacher is heard beside the margin loss. */
function distillationMetrics(weightVaries: boolean): Metric[] {
  return [
    {
      id: 'distillation-loss',
      title: 'Distillation loss',
      caption: "How far the student's embeddings are from the teacher's features, before its weight.",
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
        'The length of the gradient that the teacher asks of the embeddings, with its weight, over that of the margin loss. ' +
        'Far below 1 the teacher is hardly heard.',
      pick: ({ distillationGradientNorm: own, marginGradientNorm: margin }) =>
        typeof own === 'number' && margin ? own / margin : null,
    },
  ];
}

function stepFigure(data: ReportData, { id, title, caption, pick, scheduled, floating }: Metric): Figure {
  const points = data.metrics.map((m): [number, number | null] => [m.step, pick(m) ?? null]);
  const finite = points.flatMap(([, y]) => (y !== null && Number.isFinite(y) ? [y] : []));
  const line = scheduled ? extremePoints(points) : meanPoints(points);
  const averaged = !scheduled && points.length > line.length;
  return {
    title,
    caption,
    plot: {
      id,
      description:
        finite.length === 0
          ? `${title}: no finite value was logged.`
          : `${title} by training step: from ${formatNumber(finite[0])} to ${formatNumber(finite.at(-1)!)}.`,
      lines: [
        ...(averaged ? [{ points: extremePoints(points), color: '--trained', width: 1, opacity: 0.32 }] : []),
        { points: line, color: '--trained', dots: line.length <= 12 },
      ],
      x: stepAxis,
      y: { ticks: 4, min: floating ? undefined : 0, format: formatNumber },
    },
    key: averaged ? [{ label: 'running mean, over the single steps', color: '--trained' }] : [],
  };
}
