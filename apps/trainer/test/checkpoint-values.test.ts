import { soloCommunicator } from '@unitsphere/collectives';
import { Linear, Random, readSafetensors, type StateDict, writeSafetensors } from '@unitsphere/core';
import { completeConfig } from '@unitsphere/embedder';
import { CosFace } from '@unitsphere/margin-losses';
import { PartialFC } from '@unitsphere/partial-fc';
import { start } from '@unitsphere/testing/backends';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { centersStateOf, checkpointFiles, restoreModel } from '../src/step/checkpoint-files.js';
import type { TrainingState } from '../src/step/training-state.js';
import { UserError } from '../src/user-error.js';

beforeAll(() => start('wasm'));

const layer = (seed: number) => {
  const linear = new Linear(2, 2, { random: new Random(seed) });
  onTestFinished(() => linear.dispose());
  return linear;
};

const createModel = () => {
  const backbone = Object.assign(layer(1), { adaptPositions: (state: StateDict) => state });
  return { backbone, neck: layer(2), head: layer(3) } as unknown as TrainingState['model'];
};

async function filesOf(model: TrainingState['model'], change?: (file: string, state: StateDict) => void) {
  const { backbone, neck, head } = model;
  const states = {
    'backbone.safetensors': await backbone.stateDict(),
    'head.safetensors': new Map([...(await neck.stateDict('neck.')), ...(await head.stateDict('head.'))]),
  };
  return Object.fromEntries(
    Object.entries(states).map(([name, state]) => {
      change?.(name, state);
      return [name, writeSafetensors(state)];
    }),
  );
}

test.each([
  ['backbone.safetensors', 'weight', Number.NaN],
  ['head.safetensors', 'neck.weight', Number.POSITIVE_INFINITY],
  ['head.safetensors', 'head.bias', Number.NaN],
])('a checkpoint with a value in %s that is not finite is refused: %s, %d', async (file, key, value) => {
  const model = createModel();
  restoreModel(model, await filesOf(model));
  const files = await filesOf(model, (name, state) => {
    if (name === file) state.get(key)?.data.fill(value as never, 1, 2);
  });
  expect(() => restoreModel(model, files)).toThrow(UserError);
  expect(() => restoreModel(model, files)).toThrow(
    `Tensor "${key}" of the checkpoint's ${file} has the value ${value} at index 1.`,
  );
});

test.each([
  ['classes.safetensors', 'weight'],
  ['optimizer.safetensors', 'centers.exp_avg'],
])('class centers that are not finite are refused: %s', (file, key) => {
  const values = (value: number) =>
    writeSafetensors(new Map([[key, { dtype: 'F32', shape: [2], data: Float32Array.of(1, value) }]]));
  const none = writeSafetensors(new Map());
  const files = { 'classes.safetensors': none, 'optimizer.safetensors': none };
  expect(centersStateOf({ ...files, [file]: values(2) }).size).toBe(1);
  expect(() => centersStateOf({ ...files, [file]: values(Number.NaN) })).toThrow(
    `Tensor "${key}" of the checkpoint's ${file} has the value NaN at index 1.`,
  );
});

test('the files of a checkpoint have the metadata that timm requires', async () => {
  const model = createModel();
  const centers = new PartialFC({ classes: 3, dimensions: 2, loss: new CosFace({ scale: 16 }), seed: 1 });
  onTestFinished(() => centers.dispose());
  const state = {
    model,
    optimizer: { stateDict: async () => ({ step: 3, tensors: {} }) },
    ema: undefined,
    distiller: undefined,
    withEvaluatedWeights: (use: () => Promise<void>) => use(),
    margin: { centers },
    communicator: soloCommunicator(),
    description: completeConfig({ backbone: 'lcnet_035' }),
  } as unknown as TrainingState;
  const files = Object.entries((await checkpointFiles(state)) ?? {});
  expect(files.map(([name]) => name)).toContain('config.json');
  const weights = files.filter(([name]) => name.endsWith('.safetensors'));
  expect(weights.length).toBe(4);
  for (const [name, bytes] of weights)
    expect(readSafetensors(bytes).metadata, name).toMatchObject({ format: 'pt' });
});
