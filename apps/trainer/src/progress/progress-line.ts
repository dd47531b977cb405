import type { Colors } from 'picocolors/types.js';
import { formatSeconds } from '../format-seconds.js';
import type { StepReport } from './progress-reporter.js';
import type { Rates } from './step-rates.js';

/** The contents of a progress line. */
export interface ProgressView {
  report: StepReport;
  rates: Rates;
  totalSteps: number;
}

/** Formats a complete line without colors, for logs. */
export function plainLine(view: ProgressView): string {
  const { report, totalSteps } = view;
  const percent = `${Math.floor((100 * report.step) / totalSteps)}%`;
  return [`step ${report.step}/${totalSteps} (${percent})`, ...parts(view).map((part) => part.text)].join(
    '  ',
  );
}

/** Formats a terminal's line: a bar and as many parts as fit the width; the least important are omitted first. */
export function terminalLine(view: ProgressView, columns: number, colors: Colors): string {
  const { report, totalSteps } = view;
  const width = columns - 1;
  const done = Math.min(1, report.step / totalSteps);
  const head = `${String(Math.floor(100 * done)).padStart(3)}%`;
  const count = `${String(report.step).padStart(String(totalSteps).length)}/${totalSteps}`;
  let shown = parts(view);
  const length = () =>
    shown.reduce((sum, part) => sum + part.text.length + 3, head.length + 1 + count.length);
  while (shown.length > 0 && length() > width) {
    const least = Math.max(...shown.map((part) => part.rank));
    shown = shown.filter((part) => part.rank !== least);
  }
  const barWidth = Math.min(30, width - length() - 1);
  const bar = barWidth >= 8 ? `${drawBar(done, barWidth, colors)} ` : '';
  const rest = shown.map((part) => part.paint?.(colors, part.text) ?? part.text);
  return `${head} ${bar}${[colors.bold(count), ...rest].join(colors.dim(' · '))}`;
}

/** Causes of a step's time other than waiting for images. */
const COMPUTING = ['centers', 'compute'];
/** Smaller shares are not shown. */
const LEAST_SHARE = 0.01;

interface Part {
  text: string;
  /** Parts with a higher rank are omitted first. */
  rank: number;
  paint?: (colors: Colors, text: string) => string;
}

function parts({ report, rates, totalSteps }: ProgressView): Part[] {
  const waits = rates.shares
    .filter(([, share]) => share >= LEAST_SHARE)
    .map(([name, share]) => `${name} ${Math.round(100 * share)}%`)
    .join(' ');
  const imagesShare = rates.shares.reduce(
    (sum, [name, share]) => (COMPUTING.includes(name) ? sum : sum + share),
    0,
  );
  const all: Part[] = [
    { text: `epoch ${report.epoch}`, rank: 5 },
    {
      text: `loss ${formatLoss(report.loss)}`,
      rank: 0,
      paint: (c, text) => (Number.isFinite(report.loss) ? text : c.red(text)),
    },
    { text: `lr ${formatRate(report.learningRate)}`, rank: 4 },
    { text: `${formatSpeed(rates.imagesPerSecond)} images/s`, rank: 2 },
    { text: (report.replicas ?? 1) > 1 ? `${report.replicas} replicas` : '', rank: 6 },
    // Waiting for images is highlighted, because the user can fix it.
    { text: waits, rank: 3, paint: (c, text) => (imagesShare > 0.5 ? c.yellow(text) : c.dim(text)) },
    { text: `${formatSeconds((totalSteps - report.step) * rates.secondsPerStep)} left`, rank: 1 },
  ];
  return all.filter((part) => part.text !== '');
}

function drawBar(done: number, width: number, colors: Colors): string {
  const filled = Math.round(done * width);
  return colors.cyan('━'.repeat(filled)) + colors.dim('─'.repeat(width - filled));
}

function formatLoss(loss: number): string {
  if (!Number.isFinite(loss)) return String(loss);
  return Math.abs(loss) >= 1000 ? loss.toExponential(2) : loss.toFixed(Math.abs(loss) < 1 ? 4 : 2);
}

function formatRate(rate: number): string {
  return rate === 0 ? '0' : rate.toExponential(2);
}

function formatSpeed(perSecond: number): string {
  return perSecond >= 9.95 ? String(Math.round(perSecond)) : perSecond.toFixed(1);
}
