/** Centers in a file: the same as in memory, and an error for each kind of damage. */
import {
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { StateDict } from '@unitsphere/core';
import { CosFace } from '@unitsphere/margin-losses';
import { start } from '@unitsphere/testing/backends';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FileStoreOptions, fileStore } from '../src/file.js';
import {
  CenterStoreError,
  hostStore,
  PartialFC,
  type PartialFCOptions,
  RowAdamW,
  type RowOptimizer,
  RowSGD,
} from '../src/index.js';
import { fill } from './reference.js';

const [classes, dimensions] = [50, 6];
const recordBytes = 4 * 3 * dimensions + 16;
let folder: string;
let path: string;

beforeEach(async () => {
  await start('cpu');
  folder = mkdtempSync(join(tmpdir(), 'centers-'));
  path = join(folder, 'classes.centers');
});
afterEach(() => rmSync(folder, { recursive: true }));

const make = (options: Partial<PartialFCOptions> = {}) =>
  new PartialFC({
    classes,
    dimensions,
    loss: new CosFace({ scale: 16 }),
    sampledClasses: 12,
    seed: 3,
    ...options,
  });
/** Has a cache of five rows, so that most of a step's rows go through the journal. */
const makeInFile = (options: FileStoreOptions = {}) =>
  make({ store: fileStore(path, { cacheBytes: 5 * recordBytes, ...options }) });

async function run(partialFC: PartialFC, steps: number): Promise<number[]> {
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const step = partialFC.stepCount;
    const labels = Int32Array.from({ length: 4 }, (_, j) => (step * 11 + j * 7) % classes);
    const embeddings = tf.tensor2d(fill(4 * dimensions, step + 1), [4, dimensions]);
    const result = await partialFC.forwardBackward(embeddings, labels);
    losses.push(result.loss);
    await partialFC.step({ lr: 0.05 });
    tf.dispose([embeddings, result.embeddingGradient]);
  }
  return losses;
}

const centersOf = async (partialFC: PartialFC) => [...(await partialFC.store.readCenters(0, classes))];

/** Saves and confirms a checkpoint as a trainer does. */
async function checkpoint(partialFC: PartialFC): Promise<StateDict> {
  const state = await partialFC.stateDict();
  await partialFC.checkpointWritten();
  return state;
}

test.each([5, 17, 1000])('with a cache of %i rows a file equals memory, across checkpoints', async (rows) => {
  const before = tf.memory().numTensors;
  for (const optimizer of [
    new RowAdamW(),
    new RowSGD({ unsampled: 'caught-up' }),
    new RowSGD({ momentum: 0 }),
  ]) {
    const memory = make({ store: hostStore(), optimizer });
    const file = make({
      store: fileStore(path, { cacheBytes: rows * recordBytes, overwrite: true }),
      optimizer,
    });
    for (let round = 0; round < 4; round++) {
      expect(await run(file, 3)).toEqual(await run(memory, 3));
      if (round === 1) await file.stateDict();
      else if (round === 2) await checkpoint(file);
      expect(await centersOf(file)).toEqual(await centersOf(memory));
    }
    memory.dispose();
    file.dispose();
  }
  expect(tf.memory().numTensors).toBe(before);
});

test('rows that are read ahead equal rows that are read on demand', async () => {
  const reading = makeInFile({ ioThreads: 3, cacheBytes: 14 * recordBytes });
  const memory = make({ store: hostStore() });
  for (let round = 0; round < 12; round++) {
    const step = memory.stepCount;
    const labelsOf = (n: number) => Int32Array.from({ length: 4 }, (_, j) => (n * 11 + j * 7) % classes);
    const embeddings = tf.tensor2d(fill(4 * dimensions, step + 1), [4, dimensions]);
    for (const partialFC of [reading, memory]) {
      // Sometimes the next labels are unknown, or wrong.
      const nextLabels = [labelsOf(step + 1), undefined, Int32Array.of(1, 2, 99)][round % 3];
      (
        await partialFC.forwardBackward(embeddings, labelsOf(step), { nextLabels })
      ).embeddingGradient.dispose();
      if (round === 7) partialFC.discard();
      else await partialFC.step({ lr: 0.05 });
    }
    embeddings.dispose();
    if (round % 4 === 2) await checkpoint(reading);
    expect(await centersOf(reading)).toEqual(await centersOf(memory));
  }
  reading.dispose();
  memory.dispose();
});

test('rows are updated in the cache on WebAssembly, bit-identically to memory', async () => {
  await start('wasm');
  const before = tf.memory().numTensors;
  for (const optimizer of [
    new RowAdamW({ weightDecay: 0.1 }),
    new RowAdamW({ unsampled: 'caught-up' }),
    new RowAdamW({ stepCount: 'insightface' }),
    // Without an update in place, rows are transferred to the backend and back.
    new RowSGD(),
  ]) {
    const memory = make({ store: hostStore(), optimizer });
    const file = make({
      store: fileStore(path, { cacheBytes: 5 * recordBytes, overwrite: true }),
      optimizer,
    });
    let updates = 0;
    const { updateInPlace } = optimizer as RowOptimizer;
    if (updateInPlace) {
      (optimizer as RowOptimizer).updateInPlace = (...args) => {
        updates++;
        return updateInPlace.apply(optimizer, args);
      };
    }
    for (let round = 0; round < 5; round++) {
      expect(await run(file, 3)).toEqual(await run(memory, 3));
      if (round % 2) await checkpoint(file);
      expect(await centersOf(file)).toEqual(await centersOf(memory));
    }
    expect(updates).toBe(updateInPlace ? 15 : 0);
    memory.dispose();
    file.dispose();
  }
  expect(tf.memory().numTensors).toBe(before);
});

test('a failed update in place blocks all rows until a state is loaded', async () => {
  await start('wasm');
  const optimizer = new RowAdamW();
  const failing = make({ store: fileStore(join(folder, 'failing')), optimizer });
  await run(failing, 2);
  const saved = await checkpoint(failing);
  const centers = await centersOf(failing);
  optimizer.updateInPlace = async () => {
    throw new Error('no numbers');
  };
  await expect(run(failing, 1)).rejects.toThrow('no numbers');
  await expect(run(failing, 1)).rejects.toThrow('a step was stored only in part: no numbers');
  await failing.loadStateDict(saved);
  expect(await centersOf(failing)).toEqual(centers);
  failing.dispose();
});

test('loading a checkpoint drops later training, also in a new program', async () => {
  const partialFC = makeInFile();
  await run(partialFC, 4);
  const saved = await checkpoint(partialFC);
  const centers = await centersOf(partialFC);
  const expected = await run(partialFC, 3);
  expect(await centersOf(partialFC)).not.toEqual(centers);
  await partialFC.loadStateDict(saved);
  expect(await centersOf(partialFC)).toEqual(centers);
  expect(partialFC.stepCount).toBe(4);
  await run(partialFC, 2);
  partialFC.dispose();
  const again = makeInFile();
  await expect(run(again, 1)).rejects.toThrow('holds the centers of a checkpoint (generation 1)');
  await again.loadStateDict(saved);
  expect(await centersOf(again)).toEqual(centers);
  expect(await run(again, 3)).toEqual(expected);
  again.dispose();
});

test('an unconfirmed checkpoint and the previous one can both be loaded', async () => {
  const partialFC = makeInFile();
  await run(partialFC, 2);
  const first = await checkpoint(partialFC);
  const atFirst = await centersOf(partialFC);
  await run(partialFC, 2);
  const second = await partialFC.stateDict();
  const atSecond = await centersOf(partialFC);
  await run(partialFC, 2);
  const third = await partialFC.stateDict();
  const atThird = await centersOf(partialFC);
  await run(partialFC, 2);
  partialFC.dispose();
  // Each state is loaded from a copy of the present files.
  const names = ['', '.journal', '.journal-2.index', '.journal-3.index'];
  for (const name of names) copyFileSync(path + name, `${path}${name}.copy`);
  for (const [state, centers] of [
    [first, atFirst],
    [second, atSecond],
    [third, atThird],
  ] as const) {
    for (const name of names) copyFileSync(`${path}${name}.copy`, path + name);
    const resumed = makeInFile();
    await resumed.loadStateDict(state);
    expect(await centersOf(resumed)).toEqual(centers);
    await run(resumed, 3);
    await checkpoint(resumed);
    resumed.dispose();
  }
});

test.each([0, 2])(
  'with %i threads a journal grows to at most twice its rows, and sealed rows stay intact',
  async (ioThreads) => {
    // Far more rows than the cache holds.
    const rows = 400;
    const open = () =>
      make({
        classes: rows,
        sampledClasses: 20,
        store: fileStore(path, { cacheBytes: 5 * recordBytes, ioThreads }),
      });
    const journalRows = () => statSync(`${path}.journal`).size / recordBytes;
    const partialFC = open();
    await run(partialFC, 80);
    expect(journalRows()).toBeGreaterThan(rows);
    expect(journalRows()).toBeLessThanOrEqual(2 * rows + 1);
    const sealed = await partialFC.stateDict();
    const centers = await partialFC.store.readCenters(0, rows);
    await run(partialFC, 80);
    // The sealed rows and as many newer ones.
    expect(journalRows()).toBeLessThanOrEqual(2 * 2 * rows + 1);
    expect(await partialFC.store.readCenters(0, rows)).not.toEqual(centers);
    partialFC.dispose();
    const resumed = open();
    await resumed.loadStateDict(sealed);
    expect(await resumed.store.readCenters(0, rows)).toEqual(centers);
    expect(journalRows()).toBe(0);
    resumed.dispose();
  },
);

test('refuses a checkpoint that other training overwrote, also under the same number', async () => {
  const partialFC = makeInFile();
  await run(partialFC, 2);
  const first = await checkpoint(partialFC);
  await run(partialFC, 2);
  const second = await partialFC.stateDict();
  await partialFC.loadStateDict(first);
  await run(partialFC, 1);
  const other = await checkpoint(partialFC);
  expect(other.get('generation')!.data[0]).toBe(second.get('generation')!.data[0]);
  const centers = await centersOf(partialFC);
  for (const gone of [first, second]) {
    await expect(partialFC.loadStateDict(gone)).rejects.toThrow(
      /holds generation 2, but not the checkpoint's [12]: later/,
    );
  }
  expect(await centersOf(partialFC)).toEqual(centers);
  partialFC.dispose();
});

test('rows that were never updated take no space on disk', async () => {
  const partialFC = new PartialFC({
    classes: 1_000_000,
    dimensions: 64,
    loss: new CosFace(),
    sampledClasses: 100,
    store: fileStore(path),
    seed: 1,
  });
  const result = await partialFC.forwardBackward(tf.ones([2, 64]), Int32Array.of(0, 999_999));
  await partialFC.step({ lr: 0.1 });
  await checkpoint(partialFC);
  result.embeddingGradient.dispose();
  partialFC.dispose();
  const { size, blocks } = statSync(path);
  expect(size).toBe(8192 + 1_000_000 * (64 * 12 + 16));
  expect(blocks * 512).toBeLessThan(3_000_000);
});

/** Overwrites bytes of a file. */
function patch(file: string, position: number, bytes: Uint8Array): void {
  const fd = openSync(file, 'r+');
  writeSync(fd, bytes, 0, bytes.length, position);
  closeSync(fd);
}

test('each kind of damage has its own error, and nothing is overwritten', async () => {
  const partialFC = makeInFile();
  await run(partialFC, 5);
  const saved = await checkpoint(partialFC);
  const touched = (await centersOf(partialFC)).length / dimensions - 1;
  expect(touched).toBeGreaterThan(0);
  partialFC.dispose();
  const good = readFileSync(path);
  const expectRefused = async (message: string | RegExp, options: Partial<PartialFCOptions> = {}) => {
    const before = readFileSync(path);
    await expect(async () => {
      const broken = make({ store: fileStore(path), ...options });
      try {
        await broken.loadStateDict(saved);
        await broken.store.readCenters(0, classes);
      } finally {
        broken.dispose();
      }
    }).rejects.toThrow(message);
    expect(readFileSync(path).equals(before)).toBe(true);
  };
  await expectRefused(
    /holds classes 0 to 49, 6 dimensions, .*, but this run needs classes 0 to 49, 7 dimensions/,
    {
      dimensions: 7,
    },
  );
  await expectRefused(/this run needs classes 0 to 50, 6 dimensions/, { classes: 51 });
  await expectRefused(/this run needs .*, weight, momentum_buffer\./, { optimizer: new RowSGD() });
  truncateSync(path, good.length - 1);
  await expectRefused(
    `has ${good.length - 1} bytes, but its 50 rows take ${good.length}: it is cut off or damaged.`,
  );
  writeFileSync(path, Buffer.concat([good, Buffer.of(0)]));
  await expectRefused('bytes, but its 50 rows take');
  writeFileSync(path, Buffer.from('PNG'));
  await expectRefused('is not a class-center file');
  writeFileSync(path, Buffer.concat([Buffer.alloc(8192), good.subarray(8192)]));
  await expectRefused('is not a class-center file');
  writeFileSync(path, good);
  for (const slot of [0, 4096]) patch(path, slot + 8, Uint8Array.of(2));
  await expectRefused('is a class-center file of version 2, but only version 1 is supported.');
  writeFileSync(path, good);
  for (const slot of [0, 4096]) patch(path, slot + 30, Uint8Array.of(1, 2, 3));
  await expectRefused('the header is damaged');
  writeFileSync(path, good);
  const label = 0;
  const record = 8192 + label * recordBytes;
  expect(good.subarray(record, record + recordBytes).some((byte) => byte !== 0)).toBe(true);
  patch(path, record + 5, Uint8Array.of(good[record + 5] ^ 1));
  await expectRefused('the record of class 0 is damaged (its checksum is wrong)');
  // An intact record at the wrong position is damage, too.
  writeFileSync(path, good);
  patch(path, record, good.subarray(record + 7 * recordBytes, record + 8 * recordBytes));
  await expectRefused('the record of class 0 is damaged');
  writeFileSync(path, good);
  const resumed = makeInFile();
  await resumed.loadStateDict(saved);
  resumed.dispose();
});

test('refuses states of other files, other stores and other objects', async () => {
  const partialFC = makeInFile();
  await run(partialFC, 1);
  const saved = await checkpoint(partialFC);
  partialFC.dispose();
  const other = make({ store: fileStore(join(folder, 'other')) });
  await expect(other.loadStateDict(saved)).rejects.toThrow('belongs to another file of centers');
  const memory = make({ store: hostStore() });
  await expect(memory.loadStateDict(saved)).rejects.toThrow("has no 'weight'");
  await expect(other.loadStateDict(await memory.stateDict())).rejects.toThrow(
    'Load it into a store in memory',
  );
  await expect(memory.loadStateDict(new Map())).rejects.toThrow('this is not the state of a PartialFC');
  other.dispose();
  memory.dispose();
  rmSync(path);
  expect(() => makeInFile()).toThrow('is missing, but its journal exists');
  makeInFile({ overwrite: true }).dispose();
  expect(() => make({ store: fileStore(path, { cacheBytes: 0 }) })).toThrow('cacheBytes must be');
  expect(() => make({ store: fileStore(path, { ioThreads: -1 }) })).toThrow('ioThreads must be');
  expect(() => make({ store: fileStore(join(path, 'x')) })).toThrow();
});

test('errors of the store have their own class', () => {
  expect(new CenterStoreError('x').name).toBe('CenterStoreError');
});
