import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '@unitsphere/backends';
import { readSafetensors, toFloat32 } from '@unitsphere/core';
import { describe, expect, test } from 'vitest';
import type { Config } from '../src/config/config.js';
import { latestCheckpoint } from '../src/run/checkpoints.js';
import { readMetrics } from '../src/run/metrics-log.js';
import type { RunDirectory } from '../src/run/run-directory.js';
import { createOptimizer } from '../src/step/optimizer.js';
import { TrainingState } from '../src/step/training-state.js';
import { UserError } from '../src/user-error.js';
import { pictureFolder, silentProgress, temporaryFolder, tinyConfig, train } from './fixtures.js';

const stopAfter = (last: number) => {
  const stop = new AbortController();
  if (last === 0) stop.abort();
  const step = ({ step }: { step: number }) => void (step === last && stop.abort());
  return { signal: stop.signal, progress: { ...silentProgress(), step } };
};
const backboneOf = async (run: RunDirectory) => {
  const { checkpoint } = await latestCheckpoint(run);
  return readSafetensors(await checkpoint!.readFile('backbone.safetensors')).tensors;
};
const losses = async (run: RunDirectory) =>
  (await readMetrics(run.file('metrics.jsonl'))).flatMap((record) => ('loss' in record ? [record.loss] : []));
const withModel = (config: Config, model: object) =>
  ({ ...config, model: { ...config.model, ...model } }) as Config;

describe('model.freeze', () => {
  test('keeps frozen weights and running statistics, and trains the rest', async () => {
    const config = withModel(tinyConfig(await pictureFolder()), {
      freeze: ['backbone.conv_stem', 'backbone.bn1', 'backbone.blocks.0'],
    });
    const was = await backboneOf((await train(config, temporaryFolder(), stopAfter(0))).run);
    const is = await backboneOf((await train(config, temporaryFolder())).run);
    for (const [name, tensor] of was) {
      const frozen = /^(conv_stem|bn1|blocks\.0)\./.test(name);
      const same = String(toFloat32(is.get(name)!)) === String(toFloat32(tensor));
      expect(same, name).toBe(frozen);
    }
  });

  test.each([
    [['backbone.block'], /the model has no "backbone\.block"/, /Did you mean/],
    [
      ['backbone', 'neck', 'head'],
      /names the whole model, so nothing is left to train/,
      /Leave at least the head/,
    ],
  ])('reports invalid %j before the first step', async (freeze, message, hint) => {
    const config = withModel(tinyConfig(await pictureFolder()), { freeze });
    const error = await train(config, temporaryFolder()).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toMatch(message);
    expect(error.hint ?? '').toMatch(hint);
  });
});

describe('optimizer.layerDecay', () => {
  test('gives each layer the learning rate of the next one times the decay', async () => {
    await useBackend('wasm');
    const config = tinyConfig(
      'pictures',
      'optimizer: { name: sgd, lr: 1, momentum: 0, weightDecay: 0, layerDecay: 0.5 }',
    );
    const state = new TrainingState(config, 4);
    const optimizer = createOptimizer(config.optimizer, state.model, state.frozen);
    const trained = state.frozen.trained();
    const before = await Promise.all(
      trained.map(async ([, { variable }]) => (await variable.data()).slice()),
    );
    const gradients = trained.map(([, { variable }]) => tf.ones(variable.shape));
    optimizer.step(gradients);
    const moved = await Promise.all(
      trained.map(async ([, { variable }], i) => before[i][0] - (await variable.data())[0]),
    );
    const rate = (name: string) => moved[trained.findIndex(([key]) => key === name)];
    const last = trained.findLast(([name]) => name.startsWith('backbone.'))![0];
    expect(rate(trained.at(-1)![0])).toBeCloseTo(1, 4);
    expect(rate(last)).toBeCloseTo(0.5, 4);
    // lcnet_035 has a stem and 13 blocks.
    expect(rate('backbone.conv_stem.weight')).toBeCloseTo(0.5 ** 14, 6);
    expect(rate('backbone.blocks.0.0.conv_dw.weight')).toBeCloseTo(0.5 ** 13, 6);
    for (const gradient of gradients) gradient.dispose();
    optimizer.dispose();
    state.dispose();
  });
});

describe('model.dropPathRate', () => {
  test('changes the run, and a resumed run equals an uninterrupted one', async () => {
    const config = withModel(tinyConfig(await pictureFolder()), {
      backbone: 'mobilenetv4_conv_small_035',
      dropPathRate: 0.5,
    });
    const whole = await train(config, temporaryFolder());
    const without = await train(withModel(config, { dropPathRate: 0 }), temporaryFolder());
    expect(await losses(whole.run)).not.toEqual(await losses(without.run));
    const base = temporaryFolder();
    await train(config, base, stopAfter(2));
    const resumed = await train(config, base, { resume: true });
    expect(await losses(resumed.run)).toEqual(await losses(whole.run));
  });
});
