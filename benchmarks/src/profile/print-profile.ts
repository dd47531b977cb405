import { formatDigits, formatSummary } from '../format.js';
import { formatMachine } from '../measure/machine.js';
import { warnOfOtherWork } from '../measure/warn-of-other-work.js';
import { formatWorkload } from '../step/workload.js';
import { renderTable } from '../table.js';
import type { KernelTime } from './kernel-clock.js';
import type { ProfileReport } from './run-profile.js';

/** Kernels with a smaller share of the step are summed up in one row. */
const SMALL_SHARE = 0.01;

/** Renders the report as Markdown: a row for each kernel, the slowest first. */
export function printProfile(report: ProfileReport): string {
  const { kernels, outsideMilliseconds } = report;
  const whole = kernels.reduce((sum, { milliseconds }) => sum + milliseconds, outsideMilliseconds);
  const large = kernels.filter(({ milliseconds }) => milliseconds >= SMALL_SHARE * whole);
  const small = kernels.slice(large.length);
  const named = large.map((kernel) => ({ ...kernel, kernel: kernel.kernel.replace(/^Unitsphere/, '') }));
  return [
    `- Workload: ${formatWorkload(report.workload)}, on \`${report.backend}\` with 1 replica.`,
    `- Machine: ${formatMachine(report.machine)}.`,
    `- Time of a step: ${formatSummary(report.stepMilliseconds)} ms. The table shows means of ${report.steps} steps.`,
    '',
    renderTable<Partial<KernelTime> & Pick<KernelTime, 'kernel' | 'milliseconds'>>(
      [
        { title: 'kernel', value: (row) => row.kernel, align: 'left' },
        { title: 'calls', value: ({ calls }) => (calls === undefined ? '–' : formatDigits(calls)) },
        { title: 'ms', value: ({ milliseconds }) => formatDigits(milliseconds) },
        {
          title: 'share of the step',
          value: ({ milliseconds }) => `${formatDigits((100 * milliseconds) / whole)} %`,
        },
        {
          title: 'GFLOP/s',
          value: ({ flops, milliseconds }) => (flops ? formatDigits(flops / milliseconds / 1e6) : '–'),
        },
        {
          title: 'GB/s',
          value: ({ bytes, milliseconds }) => (bytes ? formatDigits(bytes / milliseconds / 1e6) : '–'),
        },
      ],
      [
        ...named,
        ...(small.length > 0 ? [sumUp(small)] : []),
        { kernel: 'outside kernels', milliseconds: outsideMilliseconds },
      ],
    ),
    '',
    ...warnOfOtherWork([report]),
  ].join('\n');
}

function sumUp(kernels: readonly KernelTime[]): KernelTime {
  const sum = (key: 'calls' | 'milliseconds' | 'bytes') =>
    kernels.reduce((total, kernel) => total + kernel[key], 0);
  return {
    kernel: `${kernels.length} kernels below ${100 * SMALL_SHARE} % each`,
    calls: sum('calls'),
    milliseconds: sum('milliseconds'),
    bytes: sum('bytes'),
    flops: 0,
  };
}
