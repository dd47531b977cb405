import { formatDigits } from '../format.js';
import { formatWorkload } from '../step/workload.js';
import { renderTable } from '../table.js';
import { GRAPHICS_CARDS } from './graphics-cards.js';
import type { GpuKernel, GpuProfileReport } from './run-gpu-profile.js';

/** Renders the report as Markdown: a row for each kernel, the one with the largest least time first. */
export function printGpuProfile(report: GpuProfileReport): string {
  const { bandwidth, flops } = GRAPHICS_CARDS[report.card];
  const sum = (key: 'calls' | 'dispatches' | 'bytes' | 'flops' | 'workMilliseconds' | 'launchMilliseconds') =>
    report.kernels.reduce((total, kernel) => total + kernel[key], 0);
  const total: GpuKernel = {
    kernel: 'all',
    calls: sum('calls'),
    dispatches: sum('dispatches'),
    bytes: sum('bytes'),
    flops: sum('flops'),
    workMilliseconds: sum('workMilliseconds'),
    launchMilliseconds: sum('launchMilliseconds'),
  };
  return [
    `- Workload: ${formatWorkload(report.workload)}, on \`webgpu\`. Counts are means of ${report.steps} steps.`,
    `- Commands of a step: ${formatDigits(total.dispatches)} dispatches, ${formatDigits(report.submits)} submits, ${formatDigits(report.readBacks)} read-backs, ${formatDigits(report.writes)} uploads.`,
    `- Least times are computed, not measured: ${report.card} with ${formatDigits(bandwidth / 1e9)} GB/s and ${formatDigits(flops / 1e12)} TFLOP/s, and ${report.launchMicroseconds} µs for each dispatch.`,
    '',
    renderTable<GpuKernel>(
      [
        { title: 'kernel', value: ({ kernel }) => kernel.replace(/^Unitsphere/, ''), align: 'left' },
        { title: 'calls', value: ({ calls }) => formatDigits(calls) },
        { title: 'dispatches', value: ({ dispatches }) => formatDigits(dispatches) },
        { title: 'MB', value: ({ bytes }) => formatDigits(bytes / 1e6) },
        { title: 'MFLOP', value: (row) => (row.flops ? formatDigits(row.flops / 1e6) : '–') },
        { title: 'launches, ms', value: (row) => formatDigits(row.launchMilliseconds) },
        { title: 'work, ms', value: (row) => formatDigits(row.workMilliseconds) },
      ],
      [...report.kernels, total],
    ),
  ].join('\n');
}
