/** Center files of ranks in folders, restored by other numbers of ranks and on other hosts. */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { soloCommunicator } from '@unitsphere/collectives';
import type { StateDict } from '@unitsphere/core';
import { Crash, withFault } from '@unitsphere/testing/faults';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { readFolderCenters } from '../src/file.js';
import { type GatherScenario, trainAndGather } from './fixtures/gather-state.js';
import { RankPool } from './fixtures/rank-pool.js';

const pool = new RankPool();
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ranks-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
afterAll(() => pool.close());

const onRanks = (size: number, scenario: GatherScenario) => pool.run(size, 'trainAndGather', scenario);
/** Trains on ranks whose files are in one folder. */
const inFolder = (size: number, scenario: Omit<GatherScenario, 'folders'>) =>
  onRanks(size, { ...scenario, folders: Array.from({ length: size }, () => folder) });
const filesIn = (path: string) => readdirSync(path).filter((name) => name.endsWith('.centers'));

test.each([[[1, 2, 4, 1]], [[2, 3, 2]]])(
  'files of %j ranks in turn give the training of centers in memory, bit for bit',
  async (sizes) => {
    let whole: StateDict | undefined;
    let inMemory: StateDict | undefined;
    for (const size of sizes) {
      const files = await inFolder(size, { whole, steps: 3 });
      const memory = await onRanks(size, { whole: inMemory, steps: 3 });
      expect(files.losses).toEqual(memory.losses);
      expect(files.centers).toEqual(memory.centers);
      // The files of the previous checkpoint are gone.
      expect(filesIn(folder)).toHaveLength(size);
      expect(readdirSync(folder).filter((name) => name.endsWith('.journal'))).toHaveLength(size);
      [whole, inMemory] = [files.whole, memory.whole];
    }
  },
);

test('a crash before the next checkpoint leaves the files of the last one', async () => {
  const { whole, centers } = await inFolder(2, { steps: 4 });
  const before = filesIn(folder).map((name) => readFileSync(join(folder, name)));
  for (const size of [1, 3]) await inFolder(size, { whole, steps: 2, crashes: true });
  for (const [i, name] of ['rank-0.centers', 'rank-1.centers'].entries()) {
    expect(readFileSync(join(folder, name)).equals(before[i])).toBe(true);
  }
  for (const size of [3, 2]) {
    const again = await inFolder(size, { whole, steps: 0, crashes: true });
    expect(again.centers).toEqual(centers);
  }
  // The next checkpoint deletes what the crashes left.
  await inFolder(2, { whole, steps: 1 });
  expect(filesIn(folder)).toEqual(['rank-0.centers', 'rank-1.centers']);
});

test('a fault at any call of a restore on fewer ranks leaves the checkpoint', async () => {
  const { whole, centers } = await inFolder(2, { steps: 4 });
  const alone = (more: Partial<GatherScenario> = {}) =>
    trainAndGather(soloCommunicator(), { folders: [folder], whole, steps: 0, crashes: true, ...more });
  const calls = await withFault('crash', Number.POSITIVE_INFINITY, async () => {
    await alone();
  });
  expect(calls).toBeGreaterThan(5);
  for (let at = 0; at < calls; at++) {
    let error: unknown;
    await withFault('crash', at, async () => {
      await alone().catch((caught) => {
        error = caught;
      });
    });
    expect(error, `call ${at}`).toBeInstanceOf(Crash);
    expect((await alone()).centers, `call ${at}`).toEqual(centers);
  }
  // Sealed rows that were not moved to their places yet, because the checkpoint was not confirmed.
  const next = await alone({ steps: 2, crashes: false });
  expect(next.losses).toHaveLength(2);
});

test('hosts exchange the rows of files on their own disks', async () => {
  const [a, b] = ['a', 'b'].map((name) => join(folder, name));
  const { whole, centers } = await onRanks(2, { folders: [a, b], steps: 4 });
  expect([filesIn(a), filesIn(b)]).toEqual([['rank-0.centers'], ['rank-1.centers']]);
  for (const folders of [
    [b, a],
    [a, a, b, b],
    [b, a, b],
  ]) {
    const moved = await onRanks(folders.length, { folders, whole, steps: 0, crashes: true });
    expect(moved.centers).toEqual(centers);
  }
  const missing = onRanks(1, { folders: [a], whole, steps: 0 });
  await expect(missing).rejects.toThrow(
    /^file 2 of the 2 with the checkpoint's class centers is not in .*Copy it/,
  );
  const moved = await onRanks(2, { folders: [b, a], whole, steps: 1 });
  expect(moved.losses).toHaveLength(1);
  expect([filesIn(a).length, filesIn(b).length]).toEqual([1, 1]);
});

test('a damaged or older file is named and not overwritten', async () => {
  const first = await inFolder(2, { steps: 4 });
  const path = join(folder, 'rank-1.centers');
  const kept = readFileSync(path);
  const next = await inFolder(2, { whole: first.whole, steps: 2 });
  const restore = (whole: StateDict | undefined) => inFolder(1, { whole, steps: 0 });
  await expect(restore(first.whole)).rejects.toThrow(
    /rank-1\.centers holds generation 2, but not the checkpoint's 1/,
  );
  writeFileSync(path, new Uint8Array(kept.length));
  await expect(restore(next.whole)).rejects.toThrow(/rank-1\.centers is not a class-center file/);
  expect(readFileSync(path).equals(Buffer.alloc(kept.length))).toBe(true);
  renameSync(path, join(folder, 'elsewhere'));
  await expect(restore(next.whole)).rejects.toThrow(/file 2 of the 2 .* is not in .* on any host/);
});

test('the centers of a folder are read without a store', async () => {
  const { whole, centers } = await inFolder(2, { steps: 4 });
  const dimensions = 3;
  let seen = 0;
  for (const block of readFolderCenters(folder, whole as StateDict)) {
    block.classes.forEach((number, i) => {
      const row = block.centers.subarray(i * dimensions, (i + 1) * dimensions);
      expect([...row]).toEqual([...centers.subarray(number * dimensions, (number + 1) * dimensions)]);
      seen++;
    });
  }
  expect(seen).toBeGreaterThan(5);
  rmSync(join(folder, 'rank-1.centers'));
  expect(() => [...readFolderCenters(folder, whole as StateDict)]).toThrow(/is not in .*Copy it there/);
  expect(existsSync(join(folder, 'rank-0.centers'))).toBe(true);
});
