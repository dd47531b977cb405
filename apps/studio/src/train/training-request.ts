import type { LabeledImage } from '@unitsphere/data';

/** The config and the settings of a training. */
export interface TrainingRequest {
  yaml: string;
  /** Settings as for `--set` of the command line, for example `training.steps=100`. */
  settings: string[];
  /** The pictures of a config with `source: folder`. */
  images?: readonly LabeledImage[];
}

/** Where a training stores its checkpoints. */
export interface TrainingStore {
  /** Id of the project. */
  project: string;
  /** Id of the training. */
  training: string;
}
