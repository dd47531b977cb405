import { formatDigits, formatMegabytes, formatSummary } from '../format.js';
import { formatMachine } from '../measure/machine.js';
import { warnOfOtherWork } from '../measure/warn-of-other-work.js';
import { renderTable } from '../table.js';
import type { StepReport, StepResult } from './step-report.js';
import { formatWorkload } from './workload.js';

/** Renders the report as Markdown: a table, the ratios, and the absent contenders. */
export function printStep(report: StepReport): string {
  const { contenders, ratios } = report;
  const base = contenders.find(({ id }) => id === ratios['ratioToPyTorch']?.theirs);
  const rows = renderTable<StepResult>(
    [
      { title: 'one training step', value: (r) => r.label, align: 'left' },
      { title: 'images/s', value: (r) => formatSummary(r.imagesPerSecond) },
      { title: 'ms', value: (r) => formatSummary(r.stepMilliseconds) },
      {
        title: 'images/s relative to fastest PyTorch',
        value: (r) =>
          base ? `${formatDigits(r.imagesPerSecond.median / base.imagesPerSecond.median)}×` : '–',
      },
      { title: 'peak memory, MB', value: (r) => formatMegabytes(r.peakRss) },
      { title: 'peak before the model, MB', value: (r) => formatMegabytes(r.footprint) },
      { title: 'processor ms', value: (r) => formatSummary(r.processorMilliseconds) },
      { title: 'cores used', value: (r) => formatDigits(r.coresUsed) },
      { title: 'turns × steps', value: (r) => `${r.stepMilliseconds.repetitions} × ${r.stepsPerTurn}` },
    ],
    contenders,
  );
  return [
    `- Workload: ${formatWorkload(report.workload)}.`,
    `- Machine: ${formatMachine(report.machine)}.`,
    ...listPeers(contenders),
    '',
    rows,
    '',
    ...renderRatios(report),
    ...warnOfOtherWork(contenders),
    ...Object.values(report.absent).map((why) => `- Absent: ${why}`),
  ].join('\n');
}

/** Names the versions of the peers in one line, or none if there are no peers. */
export function listPeers(contenders: readonly StepResult[]): string[] {
  const versions = contenders.flatMap(({ description: { name, version, timm } }) =>
    name && version ? [`${name} ${version}${timm ? ` with timm ${timm}` : ''}`] : [],
  );
  return versions.length > 0 ? [`- Peers: ${[...new Set(versions)].join('; ')}.`] : [];
}

function renderRatios(report: StepReport): string[] {
  const speeds = Object.entries(report.ratios).map(
    ([name, ratio]) =>
      `- \`${name}\` ${formatSummary(ratio)}: images/s${ratio.byProcessor ? ' of processor time' : ''} of ${ratio.ours} over those of ${ratio.theirs}, ${ratio.repetitions} pairs of turns`,
  );
  const memory = (
    [
      ['peakMemoryRatioToPyTorch', "peak memory, ours over PyTorch's"],
      ['workingMemoryRatioToPyTorch', 'the same, each without its peak before the model'],
    ] as const
  ).flatMap(([name, meaning]) => {
    const value = report[name];
    return value === null ? [] : [`- \`${name}\` ${formatDigits(value)}: ${meaning}`];
  });
  return [...speeds, ...memory];
}
