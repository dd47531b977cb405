import { CollectiveAbortedError, soloCommunicator } from '@unitsphere/collectives';
import { describe, expect, test, vi } from 'vitest';
import { doctor } from '../src/commands/doctor.js';
import { withRanks } from '../src/commands/with-ranks.js';
import { parseConfig } from '../src/config/parse-config.js';
import type { Dataset } from '../src/dataset/dataset.js';
import { RankBatches } from '../src/replicas/rank-batches.js';
import { partOfProcess } from '../src/replicas/rank-replicas.js';
import { countRankReplicas } from '../src/replicas/replica-count.js';
import { SharedBatch } from '../src/replicas/shared-batch.js';
import { countReplicas } from '../src/replicas/start-replicas.js';
import type { RankGroup } from '../src/train/rank-group.js';
import { checkSameData } from '../src/train/same-data.js';
import { UserError } from '../src/user-error.js';

/** Rank 0 of a group that no launcher has started. */
const group = (more: Partial<RankGroup> = {}): RankGroup => ({
  ...soloCommunicator(),
  rank: 0,
  size: 2,
  hosts: ['one', 'two'],
  localSize: 1,
  version: 'none',
  close: () => {},
  startChain: () => expect.fail('this group has no links'),
  ...more,
});

describe('the replicas of a group', () => {
  const settings = { wanted: 'auto', backend: 'wasm', batchSize: 32 } as const;

  test('are its processes, or the threads of each', () => {
    expect(countRankReplicas(settings, 4)).toBe(4);
    expect(countRankReplicas({ ...settings, wanted: 1 }, 4)).toBe(4);
    expect(countRankReplicas({ ...settings, wanted: 3 }, 4)).toBe(12);
  });

  test('are threads on wasm and cpu only', () => {
    expect(() => countRankReplicas({ ...settings, wanted: 2, backend: 'node' }, 4)).toThrow(
      /training.replicas is 2, but the backend node trains on one replica/,
    );
  });

  test('have at least 2 images each', () => {
    expect(() => countRankReplicas({ ...settings, batchSize: 6 }, 4)).toThrow(
      /4 processes have fewer than 2 images each with training.batchSize 6/,
    );
    expect(() => countRankReplicas({ ...settings, wanted: 8, batchSize: 60 }, 4)).toThrow(
      /4 processes of 8 replicas have fewer than 2 images each with training.batchSize 60/,
    );
  });

  test('make consecutive parts of every batch together', () => {
    const config = parseConfig('training: { replicas: 3, batchSize: 32 }');
    // Replicas of 6 have 6, 6, 5, 5, 5 and 5 images.
    expect(partOfProcess(config, group())).toEqual([0, 17]);
    expect(partOfProcess(config, group({ rank: 1 }))).toEqual([17, 32]);
  });

  test('do not synchronize batch norm on webgpu', () => {
    const config = parseConfig('training: { syncBatchNorm: true }');
    expect(countReplicas(config, 'wasm', group())).toBe(2);
    expect(() => countReplicas(config, 'webgpu', group())).toThrow(/webgpu cannot wait for other processes/);
  });
});

test('a process embeds its part of the images of process 0', () => {
  const own = SharedBatch.create(5, 1);
  const batches = new RankBatches(5, 1, { own, first: 0, threads: soloCommunicator() });
  const images = Uint8Array.from({ length: 15 }, (_, i) => i);
  const received = new Uint8Array(15);
  const broadcast = (data: unknown) => (data as Uint8Array).set(images);
  expect(batches.divide(group({ broadcast }), 5, received)).toEqual(images.subarray(0, 9));
  expect(batches.divide(group({ broadcast, rank: 1 }), 5)).toEqual(images.subarray(9));
});

test('processes that read other images are refused', () => {
  const dataset = {
    source: { identities: [{ name: 'a', samples: 1 }] },
    split: { train: [0], validation: [], test: [] },
  } as unknown as Dataset;
  const gather = (change: number) =>
    ((data: Uint8Array | Float64Array) => {
      const all = data.constructor === Uint8Array ? new Uint8Array(2 * data.length) : new Float64Array(2);
      all.set(data, 0);
      all.set(
        data.map((value) => value + change),
        data.length,
      );
      return all;
    }) as RankGroup['allGather'];
  const config = parseConfig('');
  expect(() => checkSameData(group({ allGather: gather(0) }), config, dataset)).not.toThrow();
  expect(() => checkSameData(group({ allGather: gather(1) }), config, dataset)).toThrow(
    /process 1 reads other images than process 0: 2 identities instead of 1/,
  );
});

test('an error of process 0 ends the others with its reason', async () => {
  const abort = vi.fn();
  const close = vi.fn();
  const fails = withRanks(group({ abort, close }), async () => {
    throw new Error('the disk is full');
  });
  await expect(fails).rejects.toThrow('the disk is full');
  expect(abort).toHaveBeenCalledWith('process 0 on one: the disk is full');
  expect(close).not.toHaveBeenCalled();
});

test('process 0 prints why another process has ended the group', async () => {
  const fails = withRanks(group(), async () => {
    throw new CollectiveAbortedError('process 1 on two: the disk is full');
  });
  await expect(fails).rejects.toThrow(
    new UserError('another process has ended the training: process 1 on two: the disk is full'),
  );
});

test('doctor --mpi without a launcher says how to start it', async () => {
  await expect(doctor({ mpi: true }, { connectRanks: async () => undefined })).rejects.toMatchObject({
    message: expect.stringContaining('no MPI launcher'),
    hint: expect.stringContaining('mpirun -n 2 npx unitsphere doctor --mpi'),
  });
});
