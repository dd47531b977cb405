import { CenteredTeacher } from './centered-teacher.js';
import { ContrastiveDistillation, type ContrastiveDistillationOptions } from './contrastive.js';
import { CosineDistillation } from './cosine.js';
import type { DistillationLoss } from './distillation-loss.js';
import { KLDistillation, type KLDistillationOptions, ReferenceDistillation } from './kl.js';
import { MSEDistillation, type MSEDistillationOptions } from './mse.js';
import { RKDAngle, RKDDistance } from './relational.js';
import { SimilarityDistillation } from './similarity.js';

/** The options of each loss, by its name. */
export interface DistillationLossOptions {
  /** `ReferenceDistillation`: DocClassifier's own, KL at temperature 1. */
  reference: Record<string, never>;
  /** `KLDistillation`. */
  kl: KLDistillationOptions;
  /** `CosineDistillation`. */
  cosine: Record<string, never>;
  /** `MSEDistillation`. */
  mse: MSEDistillationOptions;
  /** `SimilarityDistillation`. */
  similarity: Record<string, never>;
  /** `RKDDistance`. */
  'rkd-distance': Record<string, never>;
  /** `RKDAngle`. */
  'rkd-angle': Record<string, never>;
  /** `ContrastiveDistillation`. */
  contrastive: ContrastiveDistillationOptions;
}

/** What every loss may be made with. */
export interface TeacherOptions {
  /** Whether the mean of the batch is taken from the teacher's features first: `CenteredTeacher`. Default false. */
  center?: boolean;
}

/** The name of a distillation loss. */
export type DistillationLossName = keyof DistillationLossOptions;

// A new loss is one file, one line here and one in DistillationLossOptions.
const entries: {
  [Name in DistillationLossName]: {
    make(options: DistillationLossOptions[Name]): DistillationLoss;
    options: readonly (keyof DistillationLossOptions[Name])[];
  };
} = {
  reference: { make: () => new ReferenceDistillation(), options: [] },
  kl: { make: (options) => new KLDistillation(options), options: ['temperature', 'timesTemperatureSquared'] },
  cosine: { make: () => new CosineDistillation(), options: [] },
  mse: { make: (options) => new MSEDistillation(options), options: ['normalize'] },
  similarity: { make: () => new SimilarityDistillation(), options: [] },
  'rkd-distance': { make: () => new RKDDistance(), options: [] },
  'rkd-angle': { make: () => new RKDAngle(), options: [] },
  contrastive: { make: (options) => new ContrastiveDistillation(options), options: ['temperature'] },
};

/** Every distillation loss's name. */
export function listDistillationLosses(): DistillationLossName[] {
  return Object.keys(entries) as DistillationLossName[];
}

/**
 * Makes a distillation loss by its name.
 * @throws Error for a name that is not in `listDistillationLosses()`, or an option that this loss does not have; RangeError
 * for an option out of range.
 */
export function createDistillationLoss<Name extends DistillationLossName>(
  name: Name,
  { center = false, ...options }: DistillationLossOptions[Name] & TeacherOptions = {},
): DistillationLoss {
  if (!Object.hasOwn(entries, name)) {
    throw new Error(
      `createDistillationLoss: there is no loss "${name}". Known: ${listDistillationLosses().join(', ')}.`,
    );
  }
  const entry = entries[name];
  const known = entry.options as readonly string[];
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      const has = known.length ? `its options are ${known.join(', ')}` : 'it has none';
      throw new Error(`createDistillationLoss: the loss "${name}" has no option "${key}"; ${has}.`);
    }
  }
  const loss = entry.make(options as DistillationLossOptions[Name]);
  return center ? new CenteredTeacher(loss) : loss;
}
