import documents from '../../../../configs/documents.yaml?raw';
import fineTune from '../../../../configs/fine-tune.yaml?raw';
import { PICTURE_SPLIT } from '../data/split-fractions.js';

/** What a training starts from. */
export type Start = 'shipped' | 'nothing';

/** What a training learns from. */
export type TrainingData = 'pictures' | 'generator';

/** Length of a training. */
export type Length = 'short' | 'default' | 'long';

/** A config in YAML, and settings that override it. */
export interface Preset {
  yaml: string;
  settings: readonly string[];
}

/** Steps by what a training starts from; undefined for those of the config. */
const STEPS: Record<Start, Record<Length, number | undefined>> = {
  shipped: { short: 60, default: 200, long: 600 },
  nothing: { short: 300, default: undefined, long: 2400 },
};

/** Validations and checkpoints of a training. */
const POINTS = 6;

const split = ({ train, validation, test }: typeof PICTURE_SPLIT) =>
  `data.split={train: ${train}, validation: ${validation}, test: ${test}}`;

const SHIPPED = [
  'model.pretrained=document-small',
  'loss.centerInit=imprinted',
  'optimizer.centersLrScale=0.2',
];

/**
 * Returns a training by what it learns from, what it starts from, and how long it takes.
 * @param cores Cores of the device. More workers make batches ahead on more cores; the batches do not depend on their number.
 */
export function presetOf(data: TrainingData, start: Start, length: Length, cores = 2): Preset {
  const yaml = start === 'shipped' ? fineTune : documents;
  const steps = STEPS[start][length];
  const settings = [`data.workers=${Math.max(1, Math.min(4, cores - 1))}`];
  if (data === 'pictures') {
    settings.push('data.source=folder', 'data.path=pictures', 'data.identities=', 'data.augment=true');
    settings.push(split(PICTURE_SPLIT), 'training.batchSize=32');
  } else if (start === 'shipped') {
    settings.push('data.source=documents', 'data.identities=400', 'data.augment=false', split(PICTURE_SPLIT));
  } else if (length === 'short') {
    settings.push('data.identities=400', 'data.imageSize=64');
    settings.push('data.split={train: 0.75, validation: 0.05, test: 0.2}');
  }
  if (start === 'shipped') settings.push(...SHIPPED);
  if (steps !== undefined) {
    const every = Math.ceil(steps / POINTS);
    settings.push(`training.steps=${steps}`, `training.validateEvery=${every}`);
    settings.push(`training.checkpointEvery=${every}`);
  }
  return { yaml, settings };
}
