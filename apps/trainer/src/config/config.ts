import type { CHOICES, CheckedConfig } from './schema.js';

/** Fractions of identities; no identity is in two parts. */
export interface SplitConfig {
  train: number;
  validation: number;
  test: number;
}

/** Augmentation of training images; `Augmentation` of @unitsphere/data takes it as it is. */
export interface AugmentConfig {
  /** How often an image is changed at all, 0 to 1. */
  probability: number;
  /** How often each group acts on a changed image, 0 to 1. */
  groups: { geometric: number; blur: number; noise: number; color: number };
  /** What a shifted or turned image shows beyond its edge. */
  border: (typeof CHOICES.border)[number];
}

interface DataShared {
  /** Pixels a side of the network's input. */
  imageSize: number;
  /** Classes an identity. */
  views: 1 | 24;
  /** First steps that take upright images only. */
  uprightSteps?: number;
  /** Images of a class in a row in a batch. */
  imagesPerClass: number;
  split: SplitConfig;
  /** How many of the training part are trained on. */
  trainIdentities?: number;
  /** False for none. */
  augment: AugmentConfig | false;
  /** Threads that prepare images; 0 is inline. */
  workers: number;
}

/** An embedded generator, or a folder of images. */
export type DataConfig = DataShared &
  (
    | { source: 'documents' | 'faces'; identities: number }
    | { source: 'folder'; path: string; cacheDir?: string }
  );

interface ModelShared {
  backbone: (typeof CHOICES.backbone)[number];
  /** A file, an address or a model of the hub. */
  pretrained?: string;
  /** Beginnings of names of what is not trained. */
  freeze?: string[];
  dropPathRate: number;
  embeddingSize: number;
  norm: (typeof CHOICES.norm)[number];
}

export type ModelConfig = ModelShared &
  ({ neck: 'squeeze'; squeezeRatio: number } | { neck: 'flatten' } | { neck: 'gap' });

/** Margin and scale rise in a straight line over the first steps. */
export interface MarginWarmup {
  steps: number;
  marginFrom: number;
  scaleFrom: number;
}

/** Which classes a step takes, and where their centers live. */
export type PartialFcConfig = {
  sampleRate?: number;
  sampledClasses?: number;
  unsampled: (typeof CHOICES.unsampled)[number];
} & ({ store: 'memory' | 'host' } | { store: 'file'; cacheMiB: number });

interface LossShared {
  scale: number;
  gradient: (typeof CHOICES.lossGradient)[number];
  warmup: MarginWarmup | null;
  /** Where class centers begin: drawn at random, or at an image of the class. */
  centerInit: (typeof CHOICES.centerInit)[number];
  /** Standard deviation of the class centers at the start. */
  centerInitStd: number;
  interclassFilteringThreshold: number;
  partialFc: PartialFcConfig;
}

export type LossConfig = LossShared &
  (
    | { name: 'cosface' | 'arcface'; margin: number }
    | { name: 'combined'; m1: number; m2: number; m3: number }
    | { name: 'softmax' }
    | { name: 'adaface'; margin: number; h: number; tAlpha: number }
    | { name: 'curricularface'; margin: number; momentum: number }
    | { name: 'sphereface'; margin: number; form: (typeof CHOICES.sphereFaceForm)[number] }
  );

interface OptimizerShared {
  lr: number;
  weightDecay: number;
  clipNorm: number | null;
  centersLrScale: number;
  layerDecay: number;
  ema: { decay: number } | null;
}

export type OptimizerConfig = OptimizerShared &
  (
    | { name: 'adamw'; betas: [number, number]; eps: number }
    | { name: 'sgd'; momentum: number; nesterov: boolean }
  );

export type ScheduleConfig =
  | { name: 'polynomial'; warmup: number; power: number }
  | { name: 'cosine' | 'constant'; warmup: number };

export interface PrecisionConfig {
  /** Of the network's products in training. */
  matmul: (typeof CHOICES.matmul)[number];
  /** How the network's activations are kept for the backward pass. */
  activations: (typeof CHOICES.activations)[number];
}

export interface TrainingConfig {
  steps: number;
  batchSize: number;
  /** Copies of the model that train at once. */
  replicas: 'auto' | number;
  logEvery: number;
  validateEvery: number | null;
  testEvery: number | null;
  checkpointEvery: number | null;
  /** A run's folder. */
  growFrom?: string;
  keepCheckpoints: number;
}

/** How images become the input of a teacher in an ONNX file; `Preprocessing` of @unitsphere/pretrained. */
export interface TeacherPreprocessing {
  imageSize: number;
  channelOrder: (typeof CHOICES.channelOrder)[number];
  mean: [number, number, number];
  std: [number, number, number];
  cropFraction: number;
  cropMode: (typeof CHOICES.cropMode)[number];
  interpolation: (typeof CHOICES.interpolation)[number];
}

/** A CLIP image tower, or any network in an ONNX file. */
export type TeacherConfig =
  | { clip: (typeof CHOICES.clipTower)[number]; weights: string }
  | {
      onnx: string;
      preprocessing: TeacherPreprocessing;
      layout: (typeof CHOICES.onnxLayout)[number];
      output?: string;
    };

/** A teacher whose features the student learns, beside the classes. */
export interface DistillationConfig {
  teacher: TeacherConfig;
  /** Whether the batch's mean is taken from the teacher's features first. */
  center: boolean;
  loss: (typeof CHOICES.distillationLoss)[number];
  temperature?: number;
  timesTemperatureSquared?: boolean;
  normalize?: boolean;
  weight: number;
  /** First steps over which the weight grows. */
  warmupSteps: number;
  decay: (typeof CHOICES.distillationDecay)[number];
  finalWeight?: number;
  /** What of each image the student sees. */
  batch: (typeof CHOICES.distillationBatch)[number];
  /** Images that the teacher sees at once. */
  batchSize: number;
  cacheDir?: string;
}

export interface OutputConfig {
  directory: string;
  name?: string;
}

/**
 * A whole config: every default filled in, and only the keys that its choices use. Written to YAML it is a config file
 * that gives itself again.
 */
export interface Config {
  seed: number;
  backend: (typeof CHOICES.backend)[number];
  data: DataConfig;
  model: ModelConfig;
  loss: LossConfig;
  optimizer: OptimizerConfig;
  schedule: ScheduleConfig;
  precision: PrecisionConfig;
  training: TrainingConfig;
  /** Null for none. */
  distillation: DistillationConfig | null;
  output: OutputConfig;
}

/** Fills in the defaults that depend on other keys. The config has passed the rules. */
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
    distillation: completeDistillation(checked.distillation),
    output: withoutUndefined(checked.output),
  };
}

const DEFAULT_AUGMENT: AugmentConfig = {
  probability: 1,
  groups: { geometric: 0.5, blur: 0.5, noise: 0.5, color: 0.5 },
  border: 'reflect',
};

function completeData(
  { source, path, identities, cacheDir, augment, uprightFraction, ...shared }: CheckedConfig['data'],
  trainingSteps: number,
): DataConfig {
  const uprightSteps =
    uprightFraction === undefined ? shared.uprightSteps : Math.round(uprightFraction * trainingSteps);
  const wanted = augment ?? source === 'folder';
  const rest = {
    ...shared,
    uprightSteps,
    augment: wanted === true ? structuredClone(DEFAULT_AUGMENT) : wanted,
  };
  return source === 'folder'
    ? withoutUndefined({ source, path: path!, ...rest, cacheDir })
    : withoutUndefined({ source, identities: identities ?? 1500, ...rest });
}

function completeModel({ neck, squeezeRatio, ...shared }: CheckedConfig['model']): ModelConfig {
  const rest = withoutUndefined(shared);
  return neck === 'squeeze' ? { ...rest, neck, squeezeRatio: squeezeRatio ?? 0.25 } : { ...rest, neck };
}

const DEFAULT_MARGINS = { cosface: 0.2, arcface: 0.2, adaface: 0.4, curricularface: 0.5, sphereface: 1.7 };

function completeLoss(checked: CheckedConfig['loss'], trainingSteps: number): LossConfig {
  const { name, margin: given, m1, m2, m3, h, tAlpha, momentum, form, ...rest } = checked;
  const { warmup, partialFc, gradient } = rest;
  const shared = {
    ...rest,
    gradient: gradient ?? (name === 'sphereface' ? 'pass-through' : 'exact'),
    warmup: warmup && {
      steps: warmup.steps ?? Math.max(1, Math.round(warmup.fraction! * trainingSteps)),
      marginFrom: warmup.marginFrom ?? (name === 'sphereface' ? 1 : 0),
      scaleFrom: warmup.scaleFrom ?? rest.scale,
    },
    partialFc: completePartialFc(partialFc),
  };
  if (name === 'softmax') return { name, ...shared };
  if (name === 'combined') return { name, m1: m1 ?? 1, m2: m2 ?? 0.3, m3: m3 ?? 0.2, ...shared };
  const margin = given ?? DEFAULT_MARGINS[name];
  if (name === 'adaface') return { name, margin, h: h ?? 0.333, tAlpha: tAlpha ?? 0.01, ...shared };
  if (name === 'curricularface') return { name, margin, momentum: momentum ?? 0.01, ...shared };
  if (name === 'sphereface') return { name, margin, form: form ?? 'sphereface', ...shared };
  return { name, margin, ...shared };
}

function completePartialFc({ cacheMiB, ...checked }: CheckedConfig['loss']['partialFc']): PartialFcConfig {
  const rest = withoutUndefined(checked);
  return rest.store === 'file'
    ? { ...rest, store: rest.store, cacheMiB: cacheMiB ?? 128 }
    : { ...rest, store: rest.store };
}

function completeOptimizer(checked: CheckedConfig['optimizer']): OptimizerConfig {
  const { name, betas, eps, momentum, nesterov, ...shared } = checked;
  return name === 'adamw'
    ? { name, betas: betas ?? [0.9, 0.999], eps: eps ?? 1e-8, ...shared }
    : { name, momentum: momentum ?? 0.9, nesterov: nesterov ?? false, ...shared };
}

function completeSchedule({ name, warmup, power }: CheckedConfig['schedule']): ScheduleConfig {
  return name === 'polynomial' ? { name, warmup, power: power ?? 1 } : { name, warmup };
}

function completeTraining({ training, data }: CheckedConfig): TrainingConfig {
  const validateEvery = data.split.validation === 0 ? null : 200;
  return {
    ...withoutUndefined(training),
    validateEvery: training.validateEvery === undefined ? validateEvery : training.validateEvery,
  };
}

function completeDistillation(checked: CheckedConfig['distillation']): DistillationConfig | null {
  if (!checked) return null;
  const { teacher, weight, ...rest } = checked;
  const { clip, weights, onnx, preprocessing, output, layout } = teacher;
  return withoutUndefined({
    teacher: clip
      ? { clip, weights: weights! }
      : withoutUndefined({ onnx: onnx!, preprocessing: preprocessing!, layout: layout ?? 'NCHW', output }),
    // What did best in benchmarks/README.md.
    weight: weight ?? (rest.loss === 'rkd-distance' ? 3 : 1),
    ...rest,
  });
}

function withoutUndefined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
