import { formatMegabytes, formatSummary } from '../format.js';
import { formatMachine } from '../measure/machine.js';
import { warnOfOtherWork } from '../measure/warn-of-other-work.js';
import { formatWorkload } from '../step/workload.js';
import { renderTable } from '../table.js';
import type { PrecisionMemory, PrecisionReport, PrecisionStep } from './run-precision.js';

/** Renders the report as Markdown: speed, actual precision and memory of the training step in each mode. */
export function printPrecision(report: PrecisionReport): string {
  const { contenders, ratios } = report;
  return [
    `- Workload: ${formatWorkload(report.workload)} unless the mode says otherwise.`,
    `- Machine: ${formatMachine(report.machine)}.`,
    '',
    renderTable<PrecisionStep>(
      [
        { title: 'backend, mode', value: ({ label }) => label, align: 'left' },
        { title: 'images/s', value: (r) => formatSummary(r.imagesPerSecond) },
        { title: 'ms', value: (r) => formatSummary(r.stepMilliseconds) },
        { title: 'processor ms', value: (r) => formatSummary(r.processorMilliseconds) },
        { title: 'peak memory, MB', value: ({ memory }) => formatMegabytes(memory.peakRss) },
        { title: 'actual precision of convolutions', value: (r) => r.convolutions, align: 'left' },
      ],
      contenders,
    ),
    '',
    '`mixed` is `medium` with activations saved as bfloat16 for the backward pass.',
    '',
    ...Object.entries(ratios).flatMap(([backend, ofModes]) =>
      Object.entries(ofModes).map(
        ([mode, ratio]) =>
          `- ${backend}, images/s of \`${mode}\` over \`highest\`: ${formatSummary(ratio)}, ${ratio.repetitions} pairs of turns`,
      ),
    ),
    ...warnOfOtherWork(contenders),
    '',
    `Memory of the same step with a batch of ${report.memoryBatch}:`,
    '',
    renderTable<PrecisionMemory>(
      [
        { title: 'backend, mode', value: ({ label }) => label, align: 'left' },
        { title: 'peak memory, MB', value: ({ memory }) => formatMegabytes(memory.peakRss) },
        { title: 'peak before the model, MB', value: ({ footprint }) => formatMegabytes(footprint) },
        {
          title: 'WebAssembly heap, MB',
          value: ({ memory }) => (memory.wasmHeap === undefined ? '–' : formatMegabytes(memory.wasmHeap)),
        },
      ],
      report.memory,
    ),
    ...Object.values(report.absent).map((why) => `\n- Absent: ${why}`),
  ].join('\n');
}
