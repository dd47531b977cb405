import { convertCheckpoint, type ModelCard } from '@unitsphere/embedder';
import { strToU8, zipSync } from 'fflate';
import type { BrowserCheckpoint } from 'unitsphere/browser';

/**
 * Creates a zip archive of the trained model: a model folder for `loadEmbedder`, with the config and the metrics of the
 * training.
 */
export async function createModelArchive(
  { files, metrics, step }: BrowserCheckpoint,
  yaml: string,
): Promise<Blob> {
  const card: ModelCard = {
    title: `A model trained in unitsphere studio, step ${step}`,
    sections: [
      {
        title: 'Training',
        text: '`config.yaml` has the settings, `metrics.jsonl` the loss and the figures by step.',
      },
    ],
  };
  const lines = metrics
    .filter((record) => record.step <= step)
    .map((record) => `${JSON.stringify(record)}\n`);
  const entries = {
    ...(await convertCheckpoint(files, card)),
    'config.yaml': strToU8(yaml),
    'metrics.jsonl': strToU8(lines.join('')),
  };
  // Weights are not compressible.
  const bytes = zipSync({ [`unitsphere-step-${step}`]: entries }, { level: 0 });
  return new Blob([bytes as Uint8Array<ArrayBuffer>], { type: 'application/zip' });
}
