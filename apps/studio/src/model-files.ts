import { stringifyPreprocessing } from '@unitsphere/images';
import { strToU8, zipSync } from 'fflate';
import type { BrowserCheckpoint } from 'unitsphere/browser';

// Only the training needs the class centers and the state of the optimizer.
const WEIGHTS = ['backbone.safetensors', 'head.safetensors'];

const README = `A model trained in unitsphere studio.

backbone.safetensors  weights of the backbone, with timm's names
head.safetensors      weights of the neck and the head: neck.*, head.*
preprocessing.json    preprocessing of the images, which the weights require
config.yaml           config of the training
metrics.jsonl         loss and validation results by step
`;

/** Creates a zip archive of the trained model: weights, preprocessing, config and metrics. */
export function createModelArchive({ files, saved, metrics, step }: BrowserCheckpoint, yaml: string): Blob {
  const lines = metrics
    .filter((record) => record.step <= step)
    .map((record) => `${JSON.stringify(record)}\n`);
  const entries = {
    ...Object.fromEntries(WEIGHTS.map((name) => [name, files[name]])),
    'preprocessing.json': strToU8(stringifyPreprocessing(saved.preprocessing)),
    'config.yaml': strToU8(yaml),
    'metrics.jsonl': strToU8(lines.join('')),
    'README.txt': strToU8(README),
  };
  // Weights are not compressible.
  const bytes = zipSync({ [`unitsphere-step-${step}`]: entries }, { level: 0 });
  return new Blob([bytes as Uint8Array<ArrayBuffer>], { type: 'application/zip' });
}
