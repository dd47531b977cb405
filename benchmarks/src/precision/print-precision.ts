import { megabytes, spread } from '../format.js';
import { disturbance } from '../measure/disturbance.js';
import { machineLine } from '../measure/machine.js';
import { workloadLine } from '../step/workload.js';
import { table } from '../table.js';
import type { PrecisionMemory, PrecisionReport, PrecisionStep } from './run-precision.js';

/** The report as Markdown: steps by precision, what was really done, and what they take of memory. */
export function printPrecision(report: PrecisionReport): string {
  const { contenders, ratios } = report;
  return [
    `${workloadLine(report.workload)} but for what is named. ${machineLine(report.machine)}.`,
    '',
    table<PrecisionStep>(
      [
        { title: 'one training step', value: ({ label }) => label, align: 'left' },
        { title: 'images/s', value: (r) => spread(r.imagesPerSecond) },
        { title: 'ms', value: (r) => spread(r.stepMilliseconds) },
        { title: 'processor ms', value: (r) => spread(r.processorMilliseconds) },
        { title: 'peak memory, MB', value: ({ memory }) => megabytes(memory.peakRss) },
        { title: 'products of convolutions', value: (r) => r.convolutions, align: 'left' },
      ],
      contenders,
    ),
    '',
    '`mixed` is `medium` with activations in bfloat16 until the backward pass.',
    '',
    ...Object.entries(ratios).flatMap(([backend, ofModes]) =>
      Object.entries(ofModes).map(
        ([mode, ratio]) =>
          `- ${backend}, \`${mode}\` over \`highest\`, images/s: ${spread(ratio)}, ${ratio.repetitions} pairs of turns`,
      ),
    ),
    ...disturbance(contenders),
    '',
    `Memory of the same step with batches of ${report.memoryBatch}:`,
    '',
    table<PrecisionMemory>(
      [
        { title: 'one training step', value: ({ label }) => label, align: 'left' },
        { title: 'peak memory, MB', value: ({ memory }) => megabytes(memory.peakRss) },
        { title: 'before the model, MB', value: ({ footprint }) => megabytes(footprint) },
        {
          title: 'WebAssembly heap, MB',
          value: ({ memory }) => (memory.wasmHeap === undefined ? '–' : megabytes(memory.wasmHeap)),
        },
      ],
      report.memory,
    ),
    ...Object.values(report.absent).map((why) => `\n- Not there: ${why}`),
  ].join('\n');
}
