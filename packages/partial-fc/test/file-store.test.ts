/** Centers in a file: the same as in memory, and an error for every way in which the file can be wrong. */
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
import { afterEach, beforeEach, expect, test } from 'vitest';
import { start } from '../../../tools/workspace/backends.js';
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
/** A cache of five rows: most of a step's rows go through the journal. */
const inFile = (options: FileStoreOptions = {}) =>
  make({ store: fileStore(path, { cacheBytes: 5 * recordBytes, ...options }) });

async function run(head: PartialFC, steps: number): Promise<number[]> {
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const step = head.stepCount;
    const labels = Int32Array.from({ length: 4 }, (_, j) => (step * 11 + j * 7) % classes);
    const embeddings = tf.tensor2d(fill(4 * dimensions, step + 1), [4, dimensions]);
    const result = await head.forwardBackward(embeddings, labels);
    losses.push(result.loss);
    await head.step({ lr: 0.05 });
    tf.dispose([embeddings, result.embeddingGradient]);
  }
  return losses;
}

const centersOf = async (head: PartialFC) => [...(await head.store.readCenters(0, classes))];

/** What a trainer does at a checkpoint. */
async function checkpoint(head: PartialFC): Promise<StateDict> {
  const state = await head.stateDict();
  await head.checkpointWritten();
  return state;
}

test.each([5, 17, 1000])(
  'with a cache of %i rows a file gives what memory gives, over checkpoints',
  async (rows) => {
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
  },
);

test('rows that are read ahead are those that are read when asked for', async () => {
  const reading = inFile({ ioThreads: 3, cacheBytes: 14 * recordBytes });
  const memory = make({ store: hostStore() });
  for (let round = 0; round < 12; round++) {
    const step = memory.stepCount;
    const labelsOf = (n: number) => Int32Array.from({ length: 4 }, (_, j) => (n * 11 + j * 7) % classes);
    const embeddings = tf.tensor2d(fill(4 * dimensions, step + 1), [4, dimensions]);
    for (const head of [reading, memory]) {
      // Now and then the next labels are not known, or others than what then comes.
      const nextLabels = [labelsOf(step + 1), undefined, Int32Array.of(1, 2, 99)][round % 3];
      (await head.forwardBackward(embeddings, labelsOf(step), { nextLabels })).embeddingGradient.dispose();
      if (round === 7) head.discard();
      else await head.step({ lr: 0.05 });
    }
    embeddings.dispose();
    if (round % 4 === 2) await checkpoint(reading);
    expect(await centersOf(reading)).toEqual(await centersOf(memory));
  }
  reading.dispose();
  memory.dispose();
});

test('on WebAssembly rows are updated where the cache has them, to the bit as in memory', async () => {
  await start('wasm');
  const before = tf.memory().numTensors;
  for (const optimizer of [
    new RowAdamW({ weightDecay: 0.1 }),
    new RowAdamW({ unsampled: 'caught-up' }),
    new RowAdamW({ stepCount: 'insightface' }),
    // These go to the backend and back.
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
      (optimizer as RowOptimizer).updateInPlace = (...of) => {
        updates++;
        return updateInPlace.apply(optimizer, of);
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

test('where an update in place fails, no row is given until a state is loaded', async () => {
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
  await expect(run(failing, 1)).rejects.toThrow('a step was not kept whole: no numbers');
  await failing.loadStateDict(saved);
  expect(await centersOf(failing)).toEqual(centers);
  failing.dispose();
});

test('what was trained after a checkpoint is dropped when it is loaded, also by a new program', async () => {
  const head = inFile();
  await run(head, 4);
  const saved = await checkpoint(head);
  const centers = await centersOf(head);
  const expected = await run(head, 3);
  expect(await centersOf(head)).not.toEqual(centers);
  await head.loadStateDict(saved);
  expect(await centersOf(head)).toEqual(centers);
  expect(head.stepCount).toBe(4);
  await run(head, 2);
  head.dispose();
  const again = inFile();
  await expect(run(again, 1)).rejects.toThrow('holds the centers of a checkpoint (generation 1)');
  await again.loadStateDict(saved);
  expect(await centersOf(again)).toEqual(centers);
  expect(await run(again, 3)).toEqual(expected);
  again.dispose();
});

test('until a checkpoint is known to be written, both it and the one before can be loaded', async () => {
  const head = inFile();
  await run(head, 2);
  const first = await checkpoint(head);
  const atFirst = await centersOf(head);
  await run(head, 2);
  const second = await head.stateDict();
  const atSecond = await centersOf(head);
  await run(head, 2);
  const third = await head.stateDict();
  const atThird = await centersOf(head);
  await run(head, 2);
  head.dispose();
  // Each from a copy of the files as they are.
  const names = ['', '.journal', '.journal-2.index', '.journal-3.index'];
  for (const name of names) copyFileSync(path + name, `${path}${name}.copy`);
  for (const [state, centers] of [
    [first, atFirst],
    [second, atSecond],
    [third, atThird],
  ] as const) {
    for (const name of names) copyFileSync(`${path}${name}.copy`, path + name);
    const resumed = inFile();
    await resumed.loadStateDict(state);
    expect(await centersOf(resumed)).toEqual(centers);
    await run(resumed, 3);
    await checkpoint(resumed);
    resumed.dispose();
  }
});

test.each([0, 2])(
  'with %i threads a journal grows to at most twice its rows, and what is sealed in it stays whole',
  async (ioThreads) => {
    // Far more rows than the cache has.
    const rows = 400;
    const open = () =>
      make({
        classes: rows,
        sampledClasses: 20,
        store: fileStore(path, { cacheBytes: 5 * recordBytes, ioThreads }),
      });
    const journalRows = () => statSync(`${path}.journal`).size / recordBytes;
    const head = open();
    await run(head, 80);
    expect(journalRows()).toBeGreaterThan(rows);
    expect(journalRows()).toBeLessThanOrEqual(2 * rows + 1);
    const sealed = await head.stateDict();
    const centers = await head.store.readCenters(0, rows);
    await run(head, 80);
    // Those that were sealed, and as many newer ones.
    expect(journalRows()).toBeLessThanOrEqual(2 * 2 * rows + 1);
    expect(await head.store.readCenters(0, rows)).not.toEqual(centers);
    head.dispose();
    const resumed = open();
    await resumed.loadStateDict(sealed);
    expect(await resumed.store.readCenters(0, rows)).toEqual(centers);
    expect(journalRows()).toBe(0);
    resumed.dispose();
  },
);

test('a checkpoint that other training wrote over is refused, also where the number is the same', async () => {
  const head = inFile();
  await run(head, 2);
  const first = await checkpoint(head);
  await run(head, 2);
  const second = await head.stateDict();
  await head.loadStateDict(first);
  await run(head, 1);
  const other = await checkpoint(head);
  expect(other.get('generation')!.data[0]).toBe(second.get('generation')!.data[0]);
  const centers = await centersOf(head);
  for (const gone of [first, second]) {
    await expect(head.loadStateDict(gone)).rejects.toThrow(
      /holds generation 2, and not the checkpoint's [12]: other/,
    );
  }
  expect(await centersOf(head)).toEqual(centers);
  head.dispose();
});

test('rows that were never updated take no room on the disk', async () => {
  const head = new PartialFC({
    classes: 1_000_000,
    dimensions: 64,
    loss: new CosFace(),
    sampledClasses: 100,
    store: fileStore(path),
    seed: 1,
  });
  const result = await head.forwardBackward(tf.ones([2, 64]), Int32Array.of(0, 999_999));
  await head.step({ lr: 0.1 });
  await checkpoint(head);
  result.embeddingGradient.dispose();
  head.dispose();
  const { size, blocks } = statSync(path);
  expect(size).toBe(8192 + 1_000_000 * (64 * 12 + 16));
  expect(blocks * 512).toBeLessThan(3_000_000);
});

/** Changes bytes of a file. */
function patch(file: string, position: number, bytes: Uint8Array): void {
  const fd = openSync(file, 'r+');
  writeSync(fd, bytes, 0, bytes.length, position);
  closeSync(fd);
}

test('each way in which a file can be wrong has its own error, and nothing is overwritten', async () => {
  const head = inFile();
  await run(head, 5);
  const saved = await checkpoint(head);
  const touched = (await centersOf(head)).length / dimensions - 1;
  expect(touched).toBeGreaterThan(0);
  head.dispose();
  const good = readFileSync(path);
  const refused = async (message: string | RegExp, options: Partial<PartialFCOptions> = {}) => {
    const was = readFileSync(path);
    await expect(async () => {
      const broken = make({ store: fileStore(path), ...options });
      try {
        await broken.loadStateDict(saved);
        await broken.store.readCenters(0, classes);
      } finally {
        broken.dispose();
      }
    }).rejects.toThrow(message);
    expect(readFileSync(path).equals(was)).toBe(true);
  };
  await refused(/holds classes 0 to 49, 6 dimensions, .*; needed are classes 0 to 49, 7 dimensions/, {
    dimensions: 7,
  });
  await refused(/needed are classes 0 to 50, 6 dimensions/, { classes: 51 });
  await refused(/needed are .*, weight, momentum_buffer\./, { optimizer: new RowSGD() });
  truncateSync(path, good.length - 1);
  await refused(`has ${good.length - 1} bytes, but its 50 rows take ${good.length}: it is cut off`);
  writeFileSync(path, Buffer.concat([good, Buffer.of(0)]));
  await refused('bytes, but its 50 rows take');
  writeFileSync(path, Buffer.from('PNG'));
  await refused('is no file of class centers');
  writeFileSync(path, Buffer.concat([Buffer.alloc(8192), good.subarray(8192)]));
  await refused('is no file of class centers');
  writeFileSync(path, good);
  for (const slot of [0, 4096]) patch(path, slot + 8, Uint8Array.of(2));
  await refused('is a center file of version 2; this program reads version 1.');
  writeFileSync(path, good);
  for (const slot of [0, 4096]) patch(path, slot + 30, Uint8Array.of(1, 2, 3));
  await refused('the header is damaged');
  // One place of the two alone: the older header says what was before, and the journal is gone by then.
  writeFileSync(path, good);
  const label = 0;
  const record = 8192 + label * recordBytes;
  expect(good.subarray(record, record + recordBytes).some((byte) => byte !== 0)).toBe(true);
  patch(path, record + 5, Uint8Array.of(good[record + 5] ^ 1));
  await refused('the record of class 0 is damaged (its checksum is wrong)');
  // A whole record in the wrong place is damage too.
  writeFileSync(path, good);
  patch(path, record, good.subarray(record + 7 * recordBytes, record + 8 * recordBytes));
  await refused('the record of class 0 is damaged');
  writeFileSync(path, good);
  const resumed = inFile();
  await resumed.loadStateDict(saved);
  resumed.dispose();
});

test('states of other files, other stores and other heads are refused', async () => {
  const head = inFile();
  await run(head, 1);
  const saved = await checkpoint(head);
  head.dispose();
  const other = make({ store: fileStore(join(folder, 'other')) });
  await expect(other.loadStateDict(saved)).rejects.toThrow('belongs to another file of centers');
  const memory = make({ store: hostStore() });
  await expect(memory.loadStateDict(saved)).rejects.toThrow("has no 'weight'");
  await expect(other.loadStateDict(await memory.stateDict())).rejects.toThrow(
    'load it into a store in memory',
  );
  await expect(memory.loadStateDict(new Map())).rejects.toThrow('this is no state of a PartialFC');
  other.dispose();
  memory.dispose();
  rmSync(path);
  expect(() => inFile()).toThrow('is missing, but its journal is there');
  inFile({ overwrite: true }).dispose();
  expect(() => make({ store: fileStore(path, { cacheBytes: 0 }) })).toThrow('cacheBytes must be');
  expect(() => make({ store: fileStore(path, { ioThreads: -1 }) })).toThrow('ioThreads must be');
  expect(() => make({ store: fileStore(join(path, 'x')) })).toThrow();
});

test('errors of the store are of one class', () => {
  expect(new CenterStoreError('x').name).toBe('CenterStoreError');
});
