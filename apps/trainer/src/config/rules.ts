import { describePairLoss } from '@unitsphere/pair-losses/registry';
import { backboneStride, countMaps } from './backbone-stride.js';
import { DISTILLATION_REGISTRY } from './distillation-settings.js';
import { isFileSource } from './file-sources.js';
import type { Issue } from './issue.js';
import { findMargin, LOSS_REGISTRY } from './loss-settings.js';
import { MINER_REGISTRY, PAIR_LOSS_REGISTRY } from './pair-loss-settings.js';
import {
  findSettingProblem,
  findValueProblem,
  listKeys,
  type RegistrySettings,
} from './registry-settings.js';
import type { CheckedConfig } from './schema.js';
import { watchReads } from './watch-reads.js';

type Rule = (config: CheckedConfig) => Iterable<Issue>;

const RULES: readonly Rule[] = [
  checkSource,
  checkCards,
  checkSplit,
  checkImagesPerClass,
  checkSampler,
  checkUpright,
  checkValidation,
  checkEarlyStopping,
  checkImageSize,
  checkOutIndex,
  checkSqueeze,
  checkCenterInit,
  checkLossSettings,
  checkPartialFc,
  checkNoMarginLoss,
  checkPairs,
  checkPairsOfBatch,
  checkWarmup,
  checkMarginFrom,
  checkOptimizer,
  checkSchedule,
  checkGrowth,
  checkReplicas,
  checkTeacher,
  checkDistillation,
];

/**
 * Finds valid values that are not valid together. Each issue names the key to change.
 * @param replaced Paths of invalid values that a default replaces in `config`. A rule that reads one of them finds nothing,
 *   because its verdict would be on a value that the user did not give.
 */
export function checkRules(config: CheckedConfig, replaced: readonly Issue['path'][] = []): Issue[] {
  return RULES.flatMap((rule) => {
    const reads = watchReads(config, replaced);
    const issues = [...rule(reads.config)];
    return reads.anyReplaced() ? [] : issues;
  });
}

function* checkSource({ data }: CheckedConfig): Generator<Issue> {
  if (isFileSource(data.source)) {
    if (data.path === undefined) {
      yield issue(
        'data.path',
        `source: ${data.source} requires the path of the images; pass it with --data PATH`,
      );
    }
    if (data.identities !== undefined) {
      yield issue(
        'data.identities',
        `only generated images have it; the identities of ${data.path ?? 'files'} are those that it contains; ${remove('data.identities')}`,
      );
    }
  } else {
    if (data.path !== undefined) {
      yield issue(
        'data.path',
        `${data.source} are generated and have no path; use source: folder, or ${remove('data.path')}`,
      );
    }
    for (const key of ['memory', 'cacheDir', 'cacheLimit'] as const) {
      const path = `data.${key}`;
      if (data[key] !== undefined) {
        yield issue(
          path,
          `${data.source} are generated, and only images with a path have it; ${remove(path)}`,
        );
      }
    }
  }
}

const CARD_KEYS = ['photographs', 'pictures', 'variants', 'passes', 'scenes'] as const;

function* checkCards({ data }: CheckedConfig): Generator<Issue> {
  for (const key of data.source === 'cards' ? [] : CARD_KEYS) {
    if (data[key] !== undefined)
      yield issue(`data.${key}`, `only source: cards has it; ${remove(`data.${key}`)}`);
  }
}

function* checkSplit({ data, evaluation, training }: CheckedConfig): Generator<Issue> {
  const { train, validation, test } = data.split;
  // Removes the rounding error of sums of decimal fractions.
  const sum = Math.round((train + validation + test) * 1e9) / 1e9;
  if (sum !== 1) {
    yield issue(
      'data.split',
      `train ${train} + validation ${validation} + test ${test} = ${sum}, but the fractions must add up to 1`,
    );
  }
  if (test === 0 && evaluation.pairFiles.length === 0) {
    yield issue(
      'data.split.test',
      '0 holds out no identities, and evaluation.pairFiles is empty, so nothing would be measured; raise the fraction, or name verification sets there',
    );
  }
  if (test === 0 && typeof training.testEvery === 'number') {
    yield issue(
      'training.testEvery',
      'there are no held-out identities: data.split.test is 0; use null here, or raise the fraction',
    );
  }
}

function* checkImagesPerClass({ data, training }: CheckedConfig): Generator<Issue> {
  if (training.batchSize % data.imagesPerClass !== 0) {
    yield issue(
      'data.imagesPerClass',
      `${data.imagesPerClass} does not divide training.batchSize (${training.batchSize})`,
    );
  }
}

function* checkSampler({ data, training }: CheckedConfig): Generator<Issue> {
  const { sampler, imagesPerClass, superClassesPerBatch } = data;
  if (sampler === 'instance-balanced' && imagesPerClass > 1) {
    yield issue(
      'data.imagesPerClass',
      'sampler: instance-balanced draws single images; use another data.sampler, such as m-per-class, or 1 here',
    );
  }
  const path = 'data.superClassesPerBatch';
  if (sampler !== 'hierarchical') {
    if (superClassesPerBatch !== undefined) {
      yield issue(path, `only sampler: hierarchical has it; ${remove(path)}`);
    }
    return;
  }
  const parts = (superClassesPerBatch ?? 2) * imagesPerClass;
  if (training.batchSize % parts !== 0) {
    yield issue(
      path,
      `${superClassesPerBatch ?? 2} super-classes × ${imagesPerClass} images of a class do not divide training.batchSize (${training.batchSize})`,
    );
  }
}

function* checkUpright({ data, training }: CheckedConfig): Generator<Issue> {
  const uprightKeys = (['uprightSteps', 'uprightFraction'] as const).filter((key) => data[key]);
  for (const key of data.views === 1 ? uprightKeys : []) {
    const path = `data.${key}`;
    yield issue(path, `views: 1 has only upright images; use views: 24, or ${remove(path)}`);
  }
  if (uprightKeys.length > 1) {
    yield issue('data.uprightFraction', `uprightSteps is also given; ${remove('data.uprightSteps')}`);
  }
  if ((data.uprightSteps ?? 0) > training.steps) {
    yield issue('data.uprightSteps', `${data.uprightSteps} exceeds training.steps (${training.steps})`);
  }
}

function* checkValidation({ data, training, evaluation }: CheckedConfig): Generator<Issue> {
  const isVerified = data.split.validation > 0 || evaluation.pairFiles.length > 0;
  if (!isVerified && typeof training.validateEvery === 'number') {
    yield issue(
      'training.validateEvery',
      'there are no validation identities: data.split.validation is 0; use null here, or raise the fraction',
    );
  }
}

function* checkEarlyStopping({ data, training }: CheckedConfig): Generator<Issue> {
  if (training.earlyStopping === null) return;
  if (data.split.validation === 0) {
    yield issue(
      'training.earlyStopping',
      'there are no validation identities: data.split.validation is 0; use null here, or raise the fraction',
    );
  } else if (training.validateEvery === null) {
    yield issue(
      'training.earlyStopping',
      'training.validateEvery is null, so nothing is verified; use null here, or set training.validateEvery',
    );
  }
}

function* checkImageSize({ model, data: { imageSize } }: CheckedConfig): Generator<Issue> {
  const stride = backboneStride(model.backbone);
  if (imageSize % stride !== 0) {
    const below = Math.floor(imageSize / stride) * stride;
    yield issue(
      'data.imageSize',
      `must be a multiple of ${stride}, the stride of ${model.backbone}; use ${below} or ${below + stride}`,
    );
  }
}

function* checkOutIndex({ model }: CheckedConfig): Generator<Issue> {
  const maps = countMaps(model.backbone);
  if (model.outIndex !== undefined && maps !== undefined && model.outIndex >= maps) {
    yield issue('model.outIndex', `${model.backbone} has the maps 0 to ${maps - 1}; use one of them`);
  }
}

function* checkSqueeze({ model }: CheckedConfig): Generator<Issue> {
  if (model.neck !== 'squeeze' && model.squeezeRatio !== undefined) {
    yield issue('model.squeezeRatio', `only neck: squeeze has it; ${remove('model.squeezeRatio')}`);
  }
}

function* checkCenterInit({ loss, training, model }: CheckedConfig): Generator<Issue> {
  if (loss.centerInit === 'imprinted' && training.growFrom === undefined && model.pretrained === undefined) {
    yield issue(
      'loss.centerInit',
      'imprinted requires a trained network; set training.growFrom (--grow) or model.pretrained, or use normal',
    );
  }
  if (loss.centerInit === 'imprinted' && loss.name === 'subcenter-arcface') {
    yield issue('loss.centerInit', 'one embedding per class cannot start several sub-centers; use normal');
  }
}

function* checkLossSettings({ loss }: CheckedConfig): Generator<Issue> {
  yield* checkSettings(LOSS_REGISTRY, loss.name, loss);
}

function* checkWarmup({ loss: { warmup }, training }: CheckedConfig): Generator<Issue> {
  if (warmup === null) return;
  if ((warmup.steps === undefined) === (warmup.fraction === undefined)) {
    yield issue('loss.warmup', 'requires either steps or fraction');
  }
  if ((warmup.steps ?? 0) > training.steps) {
    yield issue(
      'loss.warmup.steps',
      `${warmup.steps} exceeds training.steps (${training.steps}); use fewer (--set loss.warmup.steps=N)`,
    );
  }
}

function* checkMarginFrom({ loss: { name, warmup } }: CheckedConfig): Generator<Issue> {
  const marginFrom = warmup?.marginFrom;
  if (marginFrom === undefined) return;
  const path = 'loss.warmup.marginFrom';
  const margin = findMargin(name);
  // 0 is the default, which a complete config has for every loss.
  const problem = margin
    ? findValueProblem(name, margin, marginFrom)
    : marginFrom > 0 &&
      `${name} ${name === 'combined' ? 'raises m1 from 1, and m2 and m3 from 0' : 'has no margin to raise'}; ${remove(path)}`;
  if (problem) yield issue(path, problem);
}

/** Checks the settings of a registry's entries: whether the chosen entry has them and accepts their values. */
function* checkSettings(registry: RegistrySettings, entry: string, values: object): Generator<Issue> {
  const given = values as { readonly [key: string]: unknown };
  for (const key of listKeys(registry)) {
    if (given[key] === undefined) continue;
    const problem = findSettingProblem(registry, entry, key, given[key]);
    if (problem) yield issue(`${registry.section}.${key}`, problem);
  }
}

function* checkPartialFc({ loss: { partialFc } }: CheckedConfig): Generator<Issue> {
  if (partialFc.sampleRate !== undefined && partialFc.sampledClasses !== undefined) {
    yield issue(
      'loss.partialFc.sampledClasses',
      `sampleRate is also given; ${remove('loss.partialFc.sampleRate')}`,
    );
  }
  if (partialFc.store !== 'file' && partialFc.cacheMiB !== undefined) {
    yield issue(
      'loss.partialFc.cacheMiB',
      `only store: file has a cache; ${remove('loss.partialFc.cacheMiB')}`,
    );
  }
}

function* checkNoMarginLoss({ loss }: CheckedConfig): Generator<Issue> {
  if (loss.name !== 'none') return;
  if (loss.pairs === null) {
    yield issue(
      'loss.name',
      'none trains nothing without loss.pairs; set loss.pairs.name, or use a margin loss',
    );
  }
  const { sampleRate, sampledClasses, store } = loss.partialFc;
  const unused = [
    ['loss.warmup', loss.warmup !== null],
    ['loss.centerInit', loss.centerInit !== 'normal'],
    ['loss.partialFc.sampleRate', sampleRate !== undefined],
    ['loss.partialFc.sampledClasses', sampledClasses !== undefined],
    ['loss.partialFc.store', store !== 'memory'],
  ] as const;
  for (const [path, isSet] of unused) {
    if (isSet) yield issue(path, `name: none has no margin and no class centers; ${remove(path)}`);
  }
}

function* checkPairs({ loss: { pairs } }: CheckedConfig): Generator<Issue> {
  if (!pairs) return;
  yield* checkSettings(PAIR_LOSS_REGISTRY, pairs.name, pairs);
  if (pairs.miner) yield* checkSettings(MINER_REGISTRY, pairs.miner.name, pairs.miner);
  if (pairs.memory !== null && !describePairLoss(pairs.name).acceptsReference) {
    yield issue(
      'loss.pairs.memory',
      `${pairs.name} compares a batch with itself only and has no memory; ${remove('loss.pairs.memory')}`,
    );
  }
  if (pairs.memory !== null && pairs.swap === true) {
    yield issue('loss.pairs.swap', `is not possible with loss.pairs.memory; ${remove('loss.pairs.swap')}`);
  }
}

function* checkPairsOfBatch({ loss: { pairs }, data, training }: CheckedConfig): Generator<Issue> {
  if (!pairs) return;
  const { batchSize } = training;
  if (pairs.memory !== null && pairs.memory < batchSize) {
    yield issue(
      'loss.pairs.memory',
      `${pairs.memory} is less than training.batchSize (${batchSize}); use more`,
    );
  }
  const { needsClasses } = describePairLoss(pairs.name);
  if (data.imagesPerClass === 1 && !needsClasses && pairs.memory === null) {
    yield issue(
      'data.imagesPerClass',
      `with 1 image per class a batch has no positive pairs for ${pairs.name}; use 2 or more (--set data.imagesPerClass=4)`,
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
    yield issue('optimizer.nesterov', 'requires optimizer.momentum above 0');
  }
}

function* checkSchedule({ schedule }: CheckedConfig): Generator<Issue> {
  if (schedule.name !== 'polynomial' && schedule.power !== undefined) {
    yield issue('schedule.power', `only name: polynomial has it; ${remove('schedule.power')}`);
  }
}

function* checkGrowth({ training: { growFrom }, model }: CheckedConfig): Generator<Issue> {
  if (growFrom !== undefined && model.pretrained !== undefined) {
    yield issue(
      'model.pretrained',
      `training.growFrom already sets the weights; ${remove('model.pretrained')}`,
    );
  }
}

function* checkReplicas({ training: { replicas, batchSize, accumulate } }: CheckedConfig): Generator<Issue> {
  // Batch norm requires two images for a variance.
  const most = Math.floor(batchSize / 2 / accumulate);
  if (most < 1) {
    yield issue(
      'training.accumulate',
      `${accumulate} parts have fewer than 2 images each with training.batchSize ${batchSize}; use at most ${Math.floor(batchSize / 2)}, or a larger batch`,
    );
  } else if (replicas !== 'auto' && replicas > 1 && replicas > most) {
    const parts = accumulate > 1 ? ` and training.accumulate ${accumulate}` : '';
    yield issue(
      'training.replicas',
      `${replicas} replicas have fewer than 2 images each with training.batchSize ${batchSize}${parts}; use at most ${most}, or a larger batch`,
    );
  }
}

function* checkDistillation({ distillation, training }: CheckedConfig): Generator<Issue> {
  if (!distillation) return;
  const { loss, decay, finalWeight, warmupSteps } = distillation;
  yield* checkSettings(DISTILLATION_REGISTRY, loss, distillation);
  if (decay === 'constant' && finalWeight !== undefined) {
    yield issue(
      'distillation.finalWeight',
      `decay: constant does not change the weight; use linear or cosine, or ${remove('distillation.finalWeight')}`,
    );
  }
  if (warmupSteps > training.steps) {
    yield issue(
      'distillation.warmupSteps',
      `${warmupSteps} exceeds training.steps (${training.steps}); use fewer (--set distillation.warmupSteps=N)`,
    );
  }
}

function* checkTeacher({ distillation }: CheckedConfig): Generator<Issue> {
  if (!distillation) return;
  const { teacher } = distillation;
  const path = (key: string) => `distillation.teacher.${key}`;
  const { clip, onnx } = teacher;
  if (clip === undefined && onnx === undefined) {
    yield issue('distillation.teacher', 'names no network; set clip and weights, or onnx and preprocessing');
    return;
  }
  if (clip !== undefined && onnx !== undefined) {
    yield issue(path('onnx'), `clip is also given; leave one of them out (--set ${path('clip')}=)`);
    return;
  }
  const [own, other] = clip === undefined ? ['onnx', 'clip'] : ['clip', 'onnx'];
  const belongs = { clip: ['weights'], onnx: ['preprocessing', 'output', 'layout'] } as const;
  for (const key of belongs[other as 'clip' | 'onnx']) {
    if (teacher[key] !== undefined) {
      yield issue(path(key), `only a teacher with ${other} has it; ${remove(path(key))}`);
    }
  }
  const needed = own === 'clip' ? 'weights' : 'preprocessing';
  if (teacher[needed] === undefined) {
    const what = own === 'clip' ? 'a file, an address or a model of the hub' : 'imageSize, mean, std, …';
    yield issue(path(needed), `is missing: a teacher with ${own} requires it (${what})`);
  }
}

const issue = (path: string, message: string): Issue => ({ path: path.split('.'), message });
const remove = (path: string) => `leave it out (--set ${path}=)`;
