import { stringifyPreprocessing } from '@unitsphere/pretrained';
import { strToU8, zipSync } from 'fflate';
import type { BrowserCheckpoint } from 'unitsphere/browser';

// What recognizes; the class centers and the optimizer's state are of use to the training only.
const WEIGHTS = ['backbone.safetensors', 'head.safetensors'];

const README = `The model that was trained in unitsphere studio.

backbone.safetensors  the backbone's weights, by timm's names
head.safetensors      the neck's and the head's: neck.*, head.*
preprocessing.json    how an image becomes the input; the weights mean nothing without it
config.yaml           what was trained
metrics.jsonl         loss and validation by step
`;

/** The trained model as a zip archive: weights, preprocessing, and what it came from. */
export function modelArchive({ files, saved, metrics, step }: BrowserCheckpoint, yaml: string): Blob {
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
  // Weights do not get smaller.
  const bytes = zipSync({ [`unitsphere-step-${step}`]: entries }, { level: 0 });
  return new Blob([bytes as Uint8Array<ArrayBuffer>], { type: 'application/zip' });
}
