/** States that are gathered on rank 0 and restored by all ranks, and states with the old name of their `centers` tensor. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { soloCommunicator } from '@unitsphere/collectives';
import { readSafetensors, type StateDict } from '@unitsphere/core';
import { AdaFace } from '@unitsphere/margin-losses';
import { start } from '@unitsphere/testing/backends';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { fileStore } from '../src/file.js';
import {
  CenterFilesError,
  CenterStoreError,
  centersFileCount,
  centersFileState,
  classRange,
  deviceStore,
  gatherCentersState,
  hostStore,
  PartialFC,
  RowAdamW,
  restoreCentersState,
} from '../src/index.js';
import { classes, dimensions, fileOf, type GatherScenario, trainAndGather } from './fixtures/gather-state.js';
import { RankPool } from './fixtures/rank-pool.js';
import { fill } from './reference.js';

const pool = new RankPool();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'whole-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
afterAll(() => pool.close());

const onRanks = (size: number, scenario: GatherScenario) => pool.run(size, 'trainAndGather', scenario);

/** Returns the state that the program wrote when the tensor `centers` was called `head`. */
const withOldKey = (state: StateDict): StateDict =>
  new Map([...state].map(([name, tensor]) => [name === 'centers' ? 'head' : name, tensor]));

test('a whole state in memory does not depend on the number of ranks', async () => {
  const one = await onRanks(1, { steps: 3 });
  expect(one.whole?.get('weight')?.shape).toEqual([classes, dimensions]);
  expect([...(one.whole?.get('centers')?.data ?? [])]).toEqual([classes, 0, classes, 3]);
  for (const size of [2, 3]) {
    const many = await onRanks(size, { whole: one.whole, steps: 0 });
    expect(many.holders).toBe(1);
    expect(many.whole).toEqual(one.whole);
    expect(many.centers).toEqual(one.centers);
  }
});

test('centers in files are restored by the same number of ranks', async () => {
  const first = await onRanks(2, { folder, steps: 4 });
  const { whole } = first;
  if (!whole) throw new Error('rank 0 got no state');
  expect(centersFileCount(whole)).toBe(2);
  expect(whole.get('generation')?.shape).toEqual([2, 2]);
  const error = await trainAndGather(soloCommunicator(), { whole, steps: 0 }).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(CenterFilesError);
  expect(error).toBeInstanceOf(CenterStoreError);
  expect(error).toMatchObject({ files: 2, ranks: 1, message: expect.stringContaining('in 2 files') });
  const resumed = await onRanks(2, { folder, whole, steps: 0 });
  expect(resumed.centers).toEqual(first.centers);
  expect([...(resumed.whole?.get('centers')?.data ?? [])]).toEqual([classes, 0, classes, 4]);
  const again = await onRanks(2, { folder, whole: withOldKey(resumed.whole ?? new Map()), steps: 0 });
  expect(again.centers).toEqual(first.centers);
  expect(again.whole?.has('head')).toBe(false);
});

test('the file of one rank is restored by itself', async () => {
  const { whole, centers } = await onRanks(2, { folder, steps: 4 });
  if (!whole) throw new Error('rank 0 got no state');
  const { first, count } = classRange(classes, 1, 2);
  const store = fileStore(fileOf(folder, 1), { ioThreads: 0 })({
    firstClass: first,
    rows: count,
    dimensions,
    stateNames: new RowAdamW().stateNames,
    initialRow: () => {},
  });
  await expect(store.restore(whole)).rejects.toThrow('holds the generations of 2 files');
  await store.restore(centersFileState(whole, 1));
  const rows = await store.readCenters(0, count);
  const expected = centers.subarray(first * dimensions);
  expect(rows.some((value) => value !== 0)).toBe(true);
  // Rows that were never updated are not in the file.
  const isStored = (i: number) => {
    const begin = i - (i % dimensions);
    return rows.subarray(begin, begin + dimensions).some((value) => value !== 0);
  };
  expect([...rows].filter((_, i) => isStored(i))).toEqual([...expected].filter((_, i) => isStored(i)));
  store.dispose();
  expect(() => centersFileState(whole, 2)).toThrow('no file of centers for rank 2');
  expect(centersFileCount(new Map())).toBeUndefined();
});

// The state of step 5 and the losses of the next steps, written when the tensor `centers` was called `head`.
const { tensors: oldState, metadata } = readSafetensors(
  readFileSync(new URL('./fixtures/state-with-head-key.safetensors', import.meta.url)),
);

test.each([
  ['loadStateDict', (partialFC: PartialFC) => partialFC.loadStateDict(oldState)],
  ['restoreCentersState', (partialFC: PartialFC) => restoreCentersState(partialFC, oldState)],
])('%s resumes from a stored state with the old tensor name', async (_, load) => {
  await start('cpu');
  expect(oldState.has('head') && !oldState.has('centers')).toBe(true);
  for (const store of [deviceStore, hostStore]) {
    const partialFC = new PartialFC({
      classes: 7,
      dimensions: 3,
      loss: new AdaFace({ scale: 16, tAlpha: 0.3 }),
      sampledClasses: 4,
      optimizer: new RowAdamW({ unsampled: 'caught-up' }),
      store: store(),
      seed: 3,
    });
    await load(partialFC);
    expect(partialFC.stepCount).toBe(5);
    const state = await gatherCentersState(partialFC);
    expect([...(state?.keys() ?? [])]).toEqual(
      [...oldState.keys()].map((name) => (name === 'head' ? 'centers' : name)),
    );
    expect(state && withOldKey(state)).toEqual(oldState);
    for (const loss of JSON.parse(metadata.losses)) {
      const step = partialFC.stepCount;
      const embeddings = tf.tensor2d(fill(6, step + 1, 10), [2, 3]);
      const result = await partialFC.forwardBackward(embeddings, Int32Array.of(step % 7, (5 * step + 1) % 7));
      expect(result.loss).toBeCloseTo(loss, 4);
      await partialFC.step({ lr: 0.05 });
      tf.dispose([embeddings, result.embeddingGradient]);
    }
    partialFC.dispose();
  }
});
