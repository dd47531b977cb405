import documents from '../../../configs/documents.yaml?raw';

/** A training to choose from: a config, and what is changed of it. */
export interface Preset {
  title: string;
  about: string;
  yaml: string;
  settings: readonly string[];
}

// More workers draw ahead where there are cores for them; the batches are the same whatever their number.
const WORKERS = Math.max(1, Math.min(4, (navigator.hardwareConcurrency ?? 2) - 1));
const here = [`data.workers=${WORKERS}`];

/** The embedded default, as the command line has it, and one to look at first. */
export const PRESETS: Record<string, Preset> = {
  short: {
    title: 'Short',
    about: '400 documents at 64 pixels, 300 steps of 64 images',
    yaml: documents,
    settings: [
      ...here,
      'data.identities=400',
      'data.imageSize=64',
      'data.split={train: 0.75, validation: 0.05, test: 0.2}',
      'loss.warmup.steps=150',
      'training.steps=300',
      'training.validateEvery=50',
      'training.checkpointEvery=50',
    ],
  },
  default: {
    title: 'Default',
    about: '1,500 documents at 128 pixels, 900 steps of 64 images: what npm start trains',
    yaml: documents,
    settings: here,
  },
};
