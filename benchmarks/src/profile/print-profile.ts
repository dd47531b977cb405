import { digits, spread } from '../format.js';
import { disturbance } from '../measure/disturbance.js';
import { machineLine } from '../measure/machine.js';
import { workloadLine } from '../step/workload.js';
import { table } from '../table.js';
import type { KernelTime } from './kernel-clock.js';
import type { ProfileReport } from './run-profile.js';

/** Kernels with a smaller share of a step stand together in one row. */
const SMALL_SHARE = 0.01;

/** The report as Markdown: a row a kernel, the longest first. */
export function printProfile(report: ProfileReport): string {
  const { kernels, outsideMilliseconds } = report;
  const whole = kernels.reduce((sum, { milliseconds }) => sum + milliseconds, outsideMilliseconds);
  const large = kernels.filter(({ milliseconds }) => milliseconds >= SMALL_SHARE * whole);
  const small = kernels.slice(large.length);
  const named = large.map((kernel) => ({ ...kernel, kernel: kernel.kernel.replace(/^Unitsphere/, '') }));
  return [
    `${workloadLine(report.workload)}; wasm, 1 replica. ${machineLine(report.machine)}. A step takes ${spread(report.stepMilliseconds)} ms; means of ${report.steps} steps.`,
    '',
    table<Partial<KernelTime> & Pick<KernelTime, 'kernel' | 'milliseconds'>>(
      [
        { title: 'kernel', value: (row) => row.kernel, align: 'left' },
        { title: 'calls', value: ({ calls }) => (calls === undefined ? '–' : digits(calls)) },
        { title: 'ms', value: ({ milliseconds }) => digits(milliseconds) },
        { title: 'of the step', value: ({ milliseconds }) => `${digits((100 * milliseconds) / whole)} %` },
        {
          title: 'GFLOP/s',
          value: ({ flops, milliseconds }) => (flops ? digits(flops / milliseconds / 1e6) : '–'),
        },
        {
          title: 'GB/s',
          value: ({ bytes, milliseconds }) => (bytes ? digits(bytes / milliseconds / 1e6) : '–'),
        },
      ],
      [
        ...named,
        ...(small.length > 0 ? [together(small)] : []),
        { kernel: 'outside of kernels', milliseconds: outsideMilliseconds },
      ],
    ),
    '',
    ...disturbance([report]),
  ].join('\n');
}

function together(kernels: readonly KernelTime[]): KernelTime {
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
