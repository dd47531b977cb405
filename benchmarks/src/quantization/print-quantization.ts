import { formatMachine } from '../measure/machine.js';
import { renderTable } from '../table.js';
import type { QuantizationFigures, QuantizationReport } from './run-quantization.js';

const signed = (value: number) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;

/** Renders the report of `bench quantization` in Markdown. */
export function printQuantization(report: QuantizationReport): string {
  const { files, machine, model, fingerprint, calibration, identities, imagesPerIdentity, seeds, without } =
    report;
  const [{ bytes: full, tpr }] = files;
  const changes = Object.keys(tpr).map((fpr) => ({
    title: `TPR@${fpr}`,
    value: ({ label, tpr, change }: QuantizationFigures) =>
      label === 'float32'
        ? tpr[fpr].median.toFixed(4)
        : `${signed(change[fpr].median)} (${signed(change[fpr].low)} to ${signed(change[fpr].high)})`,
  }));
  return [
    `${model} (fingerprint ${fingerprint.slice(0, 8)}) on ${identities} identities, ${imagesPerIdentity} images each, ${seeds === 1 ? '1 augmentation' : `${seeds} augmentations`}. Calibrated on ${calibration.count} ${calibration.kind}.`,
    formatMachine(machine),
    '',
    renderTable<QuantizationFigures>(
      [
        { title: 'file', align: 'left', value: ({ label }) => label },
        { title: 'size', value: ({ bytes }) => `${(bytes / full).toFixed(3)}` },
        { title: 'mean cosine', value: ({ cosine }) => cosine.mean.toFixed(4) },
        { title: 'smallest', value: ({ cosine }) => cosine.smallest.toFixed(4) },
        ...changes,
      ],
      files,
    ),
    ...(without === undefined ? [] : ['', without]),
  ].join('\n');
}
