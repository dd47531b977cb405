import { type FileSource, isFileSource } from './file-sources.js';
import { findMargin, LOSS_REGISTRY, type LossSettingKey, type LossSettings } from './loss-settings.js';
import { MINER_REGISTRY, type MinerKey, PAIR_LOSS_REGISTRY, type PairLossKey } from './pair-loss-settings.js';
import { completeSettings, omitSettings } from './registry-settings.js';
import type { CheckedConfig } from './schema.js';

// A section of a complete config has only the keys that its choices use, with every default filled in. These types
// derive both from the schema's output.
type CheckedData = CheckedConfig['data'];
type CheckedModel = CheckedConfig['model'];
type CheckedLoss = CheckedConfig['loss'];
type CheckedOptimizer = CheckedConfig['optimizer'];
type CheckedSchedule = CheckedConfig['schedule'];
type CheckedDistillation = NonNullable<CheckedConfig['distillation']>;
type CheckedTeacher = CheckedDistillation['teacher'];

/** The given keys, with a value. */
type Filled<Section, Key extends keyof Section> = { [K in Key]-?: NonNullable<Section[K]> };
/** A choice of a section, with the keys that only this choice has. */
type Chosen<Selector extends string, Choice, Section, Own extends keyof Section = never> = {
  [K in Selector]: Choice;
} & Filled<Section, Own>;

/** Fractions of the identities; no identity is in two parts. */
export type SplitConfig = CheckedData['split'];

/** Augmentation of training images, as `Augmentation` of @unitsphere/data. */
export type AugmentConfig = Exclude<CheckedData['augment'], boolean | undefined>;

/** Optional keys that only images with a path have. */
export type FileKey = 'memory' | 'cacheDir' | 'cacheLimit';

type SamplerConfig =
  | Chosen<'sampler', 'hierarchical', CheckedData, 'superClassesPerBatch'>
  | Chosen<'sampler', Exclude<CheckedData['sampler'], 'hierarchical'>, CheckedData>;

/** Images of a generator, or with a path. */
export type DataConfig = Omit<
  CheckedData,
  | 'source'
  | 'path'
  | 'identities'
  | 'photographs'
  | 'pictures'
  | 'variants'
  | 'passes'
  | 'scenes'
  | FileKey
  | 'uprightFraction'
  | 'augment'
  | 'sampler'
  | 'superClassesPerBatch'
> & {
  /** False for no augmentation. */
  augment: AugmentConfig | false;
} & SamplerConfig &
  (
    | Chosen<'source', Exclude<CheckedData['source'], FileSource | 'cards'>, CheckedData, 'identities'>
    | (Chosen<'source', 'cards', CheckedData, 'identities'> &
        Pick<CheckedData, 'photographs' | 'pictures' | 'variants' | 'passes' | 'scenes'>)
    | (Chosen<'source', FileSource, CheckedData, 'path'> & Pick<CheckedData, FileKey>)
  );

/** Images with a path, as opposed to generated ones. */
export type FileData = DataConfig & { source: FileSource };

/** Returns whether the images of a config have a path. */
export function isFileData(data: DataConfig): data is FileData {
  return isFileSource(data.source);
}

/** Backbone, neck and embedding head. */
export type ModelConfig = Omit<CheckedModel, 'neck' | 'squeezeRatio'> &
  (
    | Chosen<'neck', 'squeeze', CheckedModel, 'squeezeRatio'>
    | Chosen<'neck', Exclude<CheckedModel['neck'], 'squeeze'>, CheckedModel>
  );

/** Linear increase of margin and scale over the first steps. */
export type MarginWarmup = Filled<NonNullable<CheckedLoss['warmup']>, 'steps' | 'marginFrom' | 'scaleFrom'>;

type CheckedPartialFc = CheckedLoss['partialFc'];

/** The classes that a step samples, and the storage of their centers. */
export type PartialFcConfig = Omit<CheckedPartialFc, 'store' | 'cacheMiB'> &
  (
    | Chosen<'store', Exclude<CheckedPartialFc['store'], 'file'>, CheckedPartialFc>
    | Chosen<'store', 'file', CheckedPartialFc, 'cacheMiB'>
  );

type CheckedPairs = NonNullable<CheckedLoss['pairs']>;
type CheckedMiner = NonNullable<CheckedPairs['miner']>;

/** A miner with its settings. */
export type MinerConfig = Pick<CheckedMiner, 'name'> & { [Key in MinerKey]?: CheckedMiner[Key] };

/** A pair or proxy loss with its settings. */
export type PairsConfig = Omit<CheckedPairs, PairLossKey | 'miner'> & {
  [Key in PairLossKey]?: CheckedPairs[Key];
} & { miner: MinerConfig | null };

type LossShared = Omit<CheckedLoss, LossSettingKey | 'name' | 'gradient' | 'warmup' | 'partialFc' | 'pairs'> &
  Filled<CheckedLoss, 'gradient'> & {
    warmup: MarginWarmup | null;
    partialFc: PartialFcConfig;
    pairs: PairsConfig | null;
  };

/** A margin loss with its settings, and the class centers. */
export type MarginLossConfig = LossShared &
  { [Name in keyof LossSettings]: { name: Name } & LossSettings[Name] }[keyof LossSettings];

/** The loss: a margin loss, a pair loss, or both. */
export type LossConfig = MarginLossConfig | (LossShared & { name: 'none'; pairs: PairsConfig });

/** Optimizer and learning rates. */
export type OptimizerConfig = Omit<CheckedOptimizer, 'name' | 'betas' | 'eps' | 'momentum' | 'nesterov'> &
  (
    | Chosen<'name', 'adamw', CheckedOptimizer, 'betas' | 'eps'>
    | Chosen<'name', 'sgd', CheckedOptimizer, 'momentum' | 'nesterov'>
  );

/** Learning rate over the steps. */
export type ScheduleConfig = Omit<CheckedSchedule, 'name' | 'power'> &
  (
    | Chosen<'name', 'polynomial', CheckedSchedule, 'power'>
    | Chosen<'name', Exclude<CheckedSchedule['name'], 'polynomial'>, CheckedSchedule>
  );

/** Numeric precision of training. */
export type PrecisionConfig = CheckedConfig['precision'];

/** Length of the training, batches and checkpoints. */
export type TrainingConfig = Omit<CheckedConfig['training'], 'validateEvery'> & {
  validateEvery: number | null;
};

/** When a training ends before its last step. */
export type EarlyStoppingConfig = NonNullable<CheckedConfig['training']['earlyStopping']>;

/** Conversion of images to the input of an ONNX teacher, as `Preprocessing` of @unitsphere/pretrained. */
export type TeacherPreprocessing = NonNullable<CheckedTeacher['preprocessing']>;

/** A CLIP image tower, or any network in an ONNX file. */
export type TeacherConfig =
  | Filled<CheckedTeacher, 'clip' | 'weights'>
  | (Filled<CheckedTeacher, 'onnx' | 'preprocessing' | 'layout'> & Pick<CheckedTeacher, 'output'>);

/** Images by which identities are compared. */
export type EvaluationConfig = CheckedConfig['evaluation'];

/** A teacher whose features the student learns, in addition to the margin loss. */
export type DistillationConfig = Omit<CheckedDistillation, 'teacher' | 'weight'> & {
  teacher: TeacherConfig;
} & Filled<CheckedDistillation, 'weight'>;

/** Location of the run. */
export type OutputConfig = CheckedConfig['output'];

interface CompletedSections {
  data: DataConfig;
  model: ModelConfig;
  loss: LossConfig;
  optimizer: OptimizerConfig;
  schedule: ScheduleConfig;
  training: TrainingConfig;
  /** Null for no distillation. */
  distillation: DistillationConfig | null;
}

/**
 * A complete config: every default is filled in, and there are only the keys that its choices use. Written as YAML, it is a
 * config file that gives the same config.
 */
export type Config = Omit<CheckedConfig, keyof CompletedSections> & CompletedSections;

/** Fills in the defaults that depend on other keys. The config must have passed `checkRules`. */
export function completeConfig(checked: CheckedConfig): Config {
  return {
    seed: checked.seed,
    backend: checked.backend,
    data: completeData(checked.data, checked.training.steps),
    model: completeModel(checked.model),
    loss: completeLoss(checked.loss, checked.training.steps),
    optimizer: completeOptimizer(checked.optimizer),
    schedule: completeSchedule(checked.schedule),
    precision: checked.precision,
    training: completeTraining(checked),
    evaluation: checked.evaluation,
    distillation: completeDistillation(checked.distillation),
    output: omitUndefined(checked.output),
  };
}

const DEFAULT_AUGMENT: AugmentConfig = {
  probability: 1,
  groups: { geometric: 0.5, elastic: 0, blur: 0.5, noise: 0.5, color: 0.5 },
  border: 'reflect',
};

function completeData(
  {
    source,
    path,
    identities,
    photographs,
    pictures,
    variants,
    passes,
    scenes,
    memory,
    cacheDir,
    cacheLimit,
    augment,
    uprightFraction,
    sampler,
    superClassesPerBatch,
    ...shared
  }: CheckedData,
  trainingSteps: number,
): DataConfig {
  const uprightSteps =
    uprightFraction === undefined ? shared.uprightSteps : Math.round(uprightFraction * trainingSteps);
  // Documents and faces are photographed differently every time; a card and a file are one picture.
  const augmentation = augment ?? (isFileSource(source) || source === 'cards');
  const rest = {
    ...shared,
    ...completeSampler(sampler, superClassesPerBatch),
    uprightSteps,
    augment: augmentation === true ? structuredClone(DEFAULT_AUGMENT) : augmentation,
  };
  if (isFileSource(source)) {
    const place = { source, path: required(path, 'data.path') };
    return omitUndefined({ ...place, ...rest, memory, cacheDir, cacheLimit });
  }
  const generated = { identities: identities ?? 1500, ...rest };
  return source === 'cards'
    ? omitUndefined({ source, ...generated, photographs, pictures, variants, passes, scenes })
    : omitUndefined({ source, ...generated });
}

function completeSampler(sampler: CheckedData['sampler'], superClassesPerBatch = 2): SamplerConfig {
  return sampler === 'hierarchical' ? { sampler, superClassesPerBatch } : { sampler };
}

function completeModel({ neck, squeezeRatio, ...shared }: CheckedModel): ModelConfig {
  const rest = omitUndefined(shared);
  return neck === 'squeeze' ? { ...rest, neck, squeezeRatio: squeezeRatio ?? 0.25 } : { ...rest, neck };
}

function completeLoss(checked: CheckedLoss, trainingSteps: number): LossConfig {
  const { name, ...rest } = omitSettings<CheckedLoss, LossSettingKey>(LOSS_REGISTRY, checked);
  const { warmup, partialFc, gradient } = rest;
  const shared: LossShared = {
    ...rest,
    gradient: gradient ?? (name === 'sphereface' ? 'pass-through' : 'exact'),
    warmup: warmup && {
      steps: warmup.steps ?? Math.max(1, Math.round((warmup.fraction ?? 0) * trainingSteps)),
      marginFrom: warmup.marginFrom ?? findMargin(name)?.minimum ?? 0,
      scaleFrom: warmup.scaleFrom ?? rest.scale,
    },
    partialFc: completePartialFc(partialFc),
    pairs: completePairs(rest.pairs),
  };
  const settings = completeSettings(LOSS_REGISTRY.entries[name], checked);
  return { name, ...settings, ...shared } as LossConfig;
}

function completePairs(checked: CheckedLoss['pairs']): PairsConfig | null {
  if (!checked) return null;
  const { name, miner, ...rest } = omitSettings<CheckedPairs, PairLossKey>(PAIR_LOSS_REGISTRY, checked);
  return {
    name,
    ...completeSettings(PAIR_LOSS_REGISTRY.entries[name], checked),
    ...rest,
    miner: miner && { name: miner.name, ...completeSettings(MINER_REGISTRY.entries[miner.name], miner) },
  };
}

function completePartialFc({ cacheMiB, ...checked }: CheckedPartialFc): PartialFcConfig {
  const rest = omitUndefined(checked);
  return rest.store === 'file'
    ? { ...rest, store: rest.store, cacheMiB: cacheMiB ?? 128 }
    : { ...rest, store: rest.store };
}

function completeOptimizer(checked: CheckedOptimizer): OptimizerConfig {
  const { name, betas, eps, momentum, nesterov, ...shared } = checked;
  return name === 'adamw'
    ? { name, betas: betas ?? [0.9, 0.999], eps: eps ?? 1e-8, ...shared }
    : { name, momentum: momentum ?? 0.9, nesterov: nesterov ?? false, ...shared };
}

function completeSchedule({ name, warmup, power }: CheckedSchedule): ScheduleConfig {
  return name === 'polynomial' ? { name, warmup, power: power ?? 1 } : { name, warmup };
}

function completeTraining({ training, data, evaluation }: CheckedConfig): TrainingConfig {
  const isVerified = data.split.validation > 0 || evaluation.pairFiles.length > 0;
  const validateEvery = isVerified ? 200 : null;
  return {
    ...omitUndefined(training),
    validateEvery: training.validateEvery === undefined ? validateEvery : training.validateEvery,
  };
}

function completeDistillation(checked: CheckedConfig['distillation']): DistillationConfig | null {
  if (!checked) return null;
  const { teacher, weight, ...rest } = checked;
  return omitUndefined({
    teacher: completeTeacher(teacher),
    // The weights that did best in benchmarks/README.md.
    weight: weight ?? (rest.loss === 'rkd-distance' ? 3 : 1),
    ...rest,
  });
}

function completeTeacher({
  clip,
  weights,
  onnx,
  preprocessing,
  output,
  layout,
}: CheckedTeacher): TeacherConfig {
  if (clip) return { clip, weights: required(weights, 'distillation.teacher.weights') };
  return omitUndefined({
    onnx: required(onnx, 'distillation.teacher.onnx'),
    preprocessing: required(preprocessing, 'distillation.teacher.preprocessing'),
    layout: layout ?? 'NCHW',
    output,
  });
}

/** Returns a value that `checkRules` requires. */
function required<T>(value: T | undefined, key: string): T {
  if (value === undefined) throw new Error(`${key} is missing, although checkRules requires it.`);
  return value;
}

function omitUndefined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
