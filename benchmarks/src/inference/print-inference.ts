import { formatDigits, formatSummary } from '../format.js';
import { formatMachine } from '../measure/machine.js';
import { renderTable } from '../table.js';
import type { InferenceFigures, InferenceReport } from './run-inference.js';

/** Renders the report of `bench export-latency` in Markdown. */
export function printInference({ machine, runtime, imageSize, models }: InferenceReport): string {
  const rows = models.flatMap(({ backbone, contenders }) =>
    contenders.map((figures) => ({ backbone, ...figures })),
  );
  const table = renderTable<InferenceFigures & { backbone: string }>(
    [
      { title: 'backbone', align: 'left', value: ({ backbone }) => backbone },
      { title: 'engine', align: 'left', value: ({ label }) => label },
      { title: 'ms an image', value: ({ milliseconds }) => formatSummary(milliseconds) },
      { title: 'speed beside onnxruntime float32', value: ({ ratio }) => formatSummary(ratio) },
      { title: 'processor ms', value: ({ processor }) => formatSummary(processor) },
      { title: 'speed by processor time', value: ({ processorRatio }) => formatSummary(processorRatio) },
      { title: 'file', value: ({ bytes }) => (bytes ? `${formatDigits(bytes / 1e6)} MB` : '–') },
      { title: 'smallest cosine', value: ({ cosine }) => cosine.toFixed(4) },
    ],
    rows,
  );
  return [
    formatMachine(machine),
    `One image of ${imageSize}x${imageSize} pixels by \`embed\`, on one thread, with ${runtime}. Weights are initial.`,
    '',
    table,
  ].join('\n');
}
