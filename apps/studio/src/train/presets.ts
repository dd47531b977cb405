import documents from '../../../configs/documents.yaml?raw';

/** A training to choose from: a config, and settings that override it. */
export interface Preset {
  title: string;
  about: string;
  yaml: string;
  settings: readonly string[];
}

// More workers draw ahead on more cores. The batches do not depend on the number of workers.
const WORKERS = Math.max(1, Math.min(4, (navigator.hardwareConcurrency ?? 2) - 1));
const workerSettings = [`data.workers=${WORKERS}`];

/** A short training to try first, and the default of the command line. */
export const PRESETS: Record<string, Preset> = {
  short: {
    title: 'Short',
    about: '400 documents at 64 pixels, 300 steps of 64 images',
    yaml: documents,
    settings: [
      ...workerSettings,
      'data.identities=400',
      'data.imageSize=64',
      'data.split={train: 0.75, validation: 0.05, test: 0.2}',
      'training.steps=300',
      'training.validateEvery=50',
      'training.checkpointEvery=50',
    ],
  },
  default: {
    title: 'Default',
    about: '1,500 documents at 128 pixels, 900 steps of 64 images (the training of npm start)',
    yaml: documents,
    settings: workerSettings,
  },
};
