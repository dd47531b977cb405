import type { Issue } from './issue.js';
import type { CheckedConfig } from './schema.js';

/** Combinations of valid values that make no sense together, each named by the key to change. */
export function checkRules(config: CheckedConfig): Issue[] {
  return [
    ...checkData(config),
    ...checkModel(config),
    ...checkLoss(config),
    ...checkOptimizer(config),
    ...checkSchedule(config),
    ...checkTraining(config),
    ...checkDistillation(config),
  ];
}

function* checkData({ data, training }: CheckedConfig): Generator<Issue> {
  if (data.source === 'folder') {
    if (data.path === undefined) {
      yield issue('data.path', 'source: folder needs the path of a folder; give it with --data DIR');
    }
    if (data.identities !== undefined) {
      yield issue(
        'data.identities',
        `a folder's identities are its files and subfolders; ${remove('data.identities')}`,
      );
    }
  } else {
    if (data.path !== undefined) {
      yield issue(
        'data.path',
        `${data.source} are generated and have no path; use source: folder, or ${remove('data.path')}`,
      );
    }
    if (data.cacheDir !== undefined) {
      yield issue('data.cacheDir', `only source: folder decodes images to keep; ${remove('data.cacheDir')}`);
    }
  }
  const { train, validation, test } = data.split;
  // Sums of decimal fractions are off by a rounding.
  const sum = Math.round((train + validation + test) * 1e9) / 1e9;
  if (sum !== 1) {
    const problem = `is ${sum > 1 ? 'over' : 'under'} 1; the three parts share all identities`;
    yield issue('data.split', `train ${train} + validation ${validation} + test ${test} = ${sum} ${problem}`);
  }
  if (training.batchSize % data.imagesPerClass !== 0) {
    yield issue(
      'data.imagesPerClass',
      `${data.imagesPerClass} does not divide training.batchSize, ${training.batchSize}`,
    );
  }
  const uprightKeys = (['uprightSteps', 'uprightFraction'] as const).filter((key) => data[key]);
  for (const key of data.views === 1 ? uprightKeys : []) {
    const path = `data.${key}`;
    yield issue(path, `only views: 24 has others than the upright one; ${remove(path)}`);
  }
  if (uprightKeys.length > 1) {
    yield issue('data.uprightFraction', `uprightSteps says it too; ${remove('data.uprightSteps')}`);
  }
  if ((data.uprightSteps ?? 0) > training.steps) {
    yield issue('data.uprightSteps', `${data.uprightSteps} is more than training.steps, ${training.steps}`);
  }
  if (validation === 0 && typeof training.validateEvery === 'number') {
    yield issue(
      'training.validateEvery',
      'there are no identities to validate on: data.split.validation is 0',
    );
  }
}

function* checkModel({ model }: CheckedConfig): Generator<Issue> {
  if (model.neck !== 'squeeze' && model.squeezeRatio !== undefined) {
    yield issue('model.squeezeRatio', `only neck: squeeze has a ratio; ${remove('model.squeezeRatio')}`);
  }
}

function* checkLoss({ loss, training, model }: CheckedConfig): Generator<Issue> {
  if (loss.centerInit === 'imprinted' && training.growFrom === undefined && model.pretrained === undefined) {
    yield issue(
      'loss.centerInit',
      'a network that is trained from scratch sees nothing to imprint centers with; give training.growFrom (--grow) or model.pretrained, or use normal',
    );
  }
  if (loss.margin !== undefined) {
    if (loss.name === 'softmax') {
      yield issue(
        'loss.margin',
        `softmax has no margin; use cosface or arcface, or ${remove('loss.margin')}`,
      );
    } else if (loss.name === 'combined') {
      yield issue(
        'loss.margin',
        `combined has three margins, m1, m2 and m3; give those and ${remove('loss.margin')}`,
      );
    }
  }
  for (const [key, owner] of Object.entries(LOSS_KEYS)) {
    if (loss[key as keyof typeof LOSS_KEYS] !== undefined && loss.name !== owner) {
      yield issue(`loss.${key}`, `only name: ${owner} has ${key}; ${remove(`loss.${key}`)}`);
    }
  }
  yield* checkMargin(loss);
  yield* checkPartialFc(loss);
  const { warmup } = loss;
  if (warmup === null) return;
  if ((warmup.steps === undefined) === (warmup.fraction === undefined)) {
    yield issue('loss.warmup', 'how long it takes is said once: give steps, or fraction');
  }
  if ((warmup.steps ?? 0) > training.steps) {
    yield issue(
      'loss.warmup.steps',
      `${warmup.steps} is more than training.steps, ${training.steps}; give fewer (--set loss.warmup.steps=N)`,
    );
  }
  if ((warmup.marginFrom ?? 0) > 0 && (loss.name === 'softmax' || loss.name === 'combined')) {
    const why = loss.name === 'softmax' ? 'softmax has no margin' : 'combined starts without margins';
    yield issue('loss.warmup.marginFrom', `${why}; ${remove('loss.warmup.marginFrom')}`);
  }
}

/** Settings that one loss alone has. */
const LOSS_KEYS = {
  m1: 'combined',
  m2: 'combined',
  m3: 'combined',
  h: 'adaface',
  tAlpha: 'adaface',
  momentum: 'curricularface',
  form: 'sphereface',
} as const;

/** The first margin that each loss no longer takes. */
const MARGIN_LIMITS = {
  cosface: 2,
  arcface: Math.PI,
  adaface: Math.PI / 2,
  curricularface: Math.PI,
  sphereface: Infinity,
};

function* checkMargin({ name, margin, warmup }: CheckedConfig['loss']): Generator<Issue> {
  if (name === 'softmax' || name === 'combined') return;
  const [least, limit] = [name === 'sphereface' ? 1 : 0, MARGIN_LIMITS[name]];
  for (const [key, value] of [
    ['loss.margin', margin],
    ['loss.warmup.marginFrom', warmup?.marginFrom],
  ] as const) {
    if (value === undefined || (value >= least && value < limit)) continue;
    const range = limit === Infinity ? `of at least ${least}` : `below ${Number(limit.toFixed(4))}`;
    yield issue(key, `${value} is no margin of ${name}; give one ${range}`);
  }
}

function* checkPartialFc({ partialFc }: CheckedConfig['loss']): Generator<Issue> {
  if (partialFc.sampleRate !== undefined && partialFc.sampledClasses !== undefined) {
    yield issue(
      'loss.partialFc.sampledClasses',
      `sampleRate is given too; ${remove('loss.partialFc.sampleRate')}, or this`,
    );
  }
  if (partialFc.store !== 'file' && partialFc.cacheMiB !== undefined) {
    yield issue(
      'loss.partialFc.cacheMiB',
      `only store: file has a cache; ${remove('loss.partialFc.cacheMiB')}`,
    );
  }
}

function* checkOptimizer({ optimizer }: CheckedConfig): Generator<Issue> {
  const others =
    optimizer.name === 'adamw' ? (['momentum', 'nesterov'] as const) : (['betas', 'eps'] as const);
  const owner = optimizer.name === 'adamw' ? 'sgd' : 'adamw';
  for (const key of others) {
    if (optimizer[key] !== undefined) {
      yield issue(`optimizer.${key}`, `only name: ${owner} has ${key}; ${remove(`optimizer.${key}`)}`);
    }
  }
  if (optimizer.nesterov && optimizer.momentum === 0) {
    yield issue('optimizer.nesterov', 'needs a momentum above 0');
  }
}

function* checkSchedule({ schedule }: CheckedConfig): Generator<Issue> {
  if (schedule.name !== 'polynomial' && schedule.power !== undefined) {
    yield issue('schedule.power', `only name: polynomial has a power; ${remove('schedule.power')}`);
  }
}

function* checkTraining({ training, model }: CheckedConfig): Generator<Issue> {
  const { replicas, batchSize, growFrom } = training;
  if (growFrom !== undefined && model.pretrained !== undefined) {
    yield issue(
      'model.pretrained',
      `the weights are those of the run that training.growFrom names; ${remove('model.pretrained')}`,
    );
  }
  // Batch norm has no variance of one image.
  const most = Math.floor(batchSize / 2);
  if (replicas !== 'auto' && replicas > 1 && replicas > most) {
    yield issue(
      'training.replicas',
      `${replicas} replicas of a batch of ${batchSize} have fewer than 2 images each; use at most ${most}, or a larger training.batchSize`,
    );
  }
}

function* checkDistillation({ distillation, training }: CheckedConfig): Generator<Issue> {
  if (!distillation) return;
  yield* checkTeacher(distillation.teacher);
  const { loss, decay, finalWeight, warmupSteps } = distillation;
  const options = { temperature: ['kl', 'contrastive'], timesTemperatureSquared: ['kl'], normalize: ['mse'] };
  for (const [key, losses] of Object.entries(options)) {
    if (distillation[key as keyof typeof options] !== undefined && !losses.includes(loss)) {
      yield issue(
        `distillation.${key}`,
        `only loss: ${losses.join(' and ')} has it; ${remove(`distillation.${key}`)}`,
      );
    }
  }
  if (decay === 'constant' && finalWeight !== undefined) {
    yield issue(
      'distillation.finalWeight',
      `decay: constant keeps the weight; use linear or cosine, or ${remove('distillation.finalWeight')}`,
    );
  }
  if (warmupSteps > training.steps) {
    yield issue(
      'distillation.warmupSteps',
      `${warmupSteps} is more than training.steps, ${training.steps}; give fewer (--set distillation.warmupSteps=N)`,
    );
  }
}

function* checkTeacher(teacher: NonNullable<CheckedConfig['distillation']>['teacher']): Generator<Issue> {
  const path = (key: string) => `distillation.teacher.${key}`;
  const { clip, onnx } = teacher;
  if (clip === undefined && onnx === undefined) {
    yield issue('distillation.teacher', 'has no network: give clip and weights, or onnx and preprocessing');
    return;
  }
  if (clip !== undefined && onnx !== undefined) {
    yield issue(path('onnx'), `clip is a teacher too; leave one of them out (--set ${path('clip')}=)`);
    return;
  }
  const [own, other] = clip === undefined ? ['onnx', 'clip'] : ['clip', 'onnx'];
  const belongs = { clip: ['weights'], onnx: ['preprocessing', 'output', 'layout'] } as const;
  for (const key of belongs[other as 'clip' | 'onnx']) {
    if (teacher[key] !== undefined) {
      yield issue(path(key), `only a teacher by ${other} has it; ${remove(path(key))}`);
    }
  }
  const needed = own === 'clip' ? 'weights' : 'preprocessing';
  if (teacher[needed] === undefined) {
    const what = own === 'clip' ? 'a file, an address or a model of the hub' : 'imageSize, mean, std, …';
    yield issue(path(needed), `is missing: a teacher by ${own} needs it (${what})`);
  }
}

const issue = (path: string, message: string): Issue => ({ path: path.split('.'), message });
const remove = (path: string) => `leave it out (--set ${path}=)`;
