import { CenteredTeacher } from './centered-teacher.js';
import { ContrastiveDistillation, contrastiveSettings } from './contrastive.js';
import { CosineDistillation } from './cosine.js';
import type { DistillationLoss } from './distillation-loss.js';
import { KLDistillation, klSettings, ReferenceDistillation } from './kl.js';
import { MSEDistillation, mseSettings } from './mse.js';
import { RKDAngle, RKDDistance } from './relational.js';
import type { DistillationSetting, SettingsOf } from './setting.js';
import { SimilarityDistillation } from './similarity.js';

interface Entry<Options> {
  create(options: Options): DistillationLoss;
  settings: SettingsOf<Options>;
}

type NoOptions = Record<never, never>;

// A new loss is one file and one line here.
const entries = {
  reference: entry(() => new ReferenceDistillation()),
  kl: entry((options) => new KLDistillation(options), klSettings),
  cosine: entry(() => new CosineDistillation()),
  mse: entry((options) => new MSEDistillation(options), mseSettings),
  similarity: entry(() => new SimilarityDistillation()),
  'rkd-distance': entry(() => new RKDDistance()),
  'rkd-angle': entry(() => new RKDAngle()),
  contrastive: entry((options) => new ContrastiveDistillation(options), contrastiveSettings),
};

type Entries = typeof entries;

/** The name of a distillation loss. */
export type DistillationLossName = keyof Entries;

/** The options of each loss, by its name. */
export type DistillationLossOptions = {
  [Name in DistillationLossName]: Parameters<Entries[Name]['create']>[0];
};

/** Options of every loss. */
export interface TeacherOptions {
  /** Whether to subtract the batch's mean from the teacher's features first (`CenteredTeacher`). Default false. */
  center?: boolean;
}

/** A distillation loss of the registry. */
export interface DistillationLossDescription<Name extends DistillationLossName = DistillationLossName> {
  name: Name;
  /** The options of this loss. */
  settings: { readonly [Key in keyof DistillationLossOptions[Name]]-?: DistillationSetting };
}

/** Returns the name of every distillation loss. */
export function listDistillationLosses(): DistillationLossName[] {
  return Object.keys(entries) as DistillationLossName[];
}

/**
 * Returns a loss's options with their defaults and limits.
 * @throws Error for a name that is not in `listDistillationLosses()`.
 */
export function describeDistillationLoss<Name extends DistillationLossName>(
  name: Name,
): DistillationLossDescription<Name> {
  const { settings } = entryOf('describeDistillationLoss', name);
  return { name, settings: settings as DistillationLossDescription<Name>['settings'] };
}

/**
 * Creates a distillation loss by its name.
 * @throws Error for a name that is not in `listDistillationLosses()`, or an option that this loss does not have; RangeError
 *   for an option out of range.
 */
export function createDistillationLoss<Name extends DistillationLossName>(
  name: Name,
  { center = false, ...options }: DistillationLossOptions[Name] & TeacherOptions = {},
): DistillationLoss {
  const { create, settings } = entryOf('createDistillationLoss', name);
  const known = Object.keys(settings);
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      const has = known.length ? `its options are ${known.join(', ')}` : 'it has none';
      throw new Error(`createDistillationLoss: the loss "${name}" has no option "${key}"; ${has}.`);
    }
  }
  const loss = create(options);
  return center ? new CenteredTeacher(loss) : loss;
}

function entry(create: () => DistillationLoss): Entry<NoOptions>;
function entry<Options>(
  create: (options: Options) => DistillationLoss,
  settings: SettingsOf<Options>,
): Entry<Options>;
function entry(create: (options: NoOptions) => DistillationLoss, settings = {}): Entry<NoOptions> {
  return { create, settings };
}

function entryOf(caller: string, name: DistillationLossName): Entry<NoOptions> {
  if (!Object.hasOwn(entries, name)) {
    throw new Error(`${caller}: there is no loss "${name}". Known: ${listDistillationLosses().join(', ')}.`);
  }
  return entries[name];
}
