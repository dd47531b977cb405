import { setTimeout as sleep } from 'node:timers/promises';
import { describeErrors, describeResults } from '@unitsphere/testing/communicator-contract';
import { afterEach, describe, expect, test } from 'vitest';
import { installedLaunchers } from './fixtures/launchers.js';
import { MpiRanks } from './fixtures/ranks.js';

// `npm run test:all -w packages/mpi` tests 1 to 8 ranks, with every transport. It takes minutes.
const ALL = process.env['UNITSPHERE_MPI_ALL'] === '1';
const [numRuns, sizes] = ALL ? [40, [1, 2, 3, 4, 5, 6, 7, 8]] : [5, [2]];
const launchers = ALL
  ? installedLaunchers
  : installedLaunchers.filter(({ name }) => name.includes('shared memory'));

if (installedLaunchers.length === 0) {
  test.skip('MPI requires an MPI library: run tools/workspace/install-mpi.sh', () => {});
}

describe.each(launchers)('$name', (launcher) => {
  // MPICH, the last one, starts faster.
  const isThorough = ALL || launcher === launchers.at(-1);
  for (const size of sizes) {
    // Longer than one piece of 2 MiB per rank, and not a multiple of it.
    const largeLength = isThorough ? size * 2 ** 19 + 12_345 : undefined;
    describeResults(size, () => MpiRanks.start(launcher, size), { numRuns, largeLength });
  }
  // Each of the following tests starts a group.
  if (!isThorough) return;
  describeErrors((size) => MpiRanks.start(launcher, size), { mismatches: ALL ? undefined : 1 });

  let ranks: MpiRanks;
  afterEach(() => ranks?.close());

  test('a rank knows its host and library', async () => {
    ranks = await MpiRanks.start(launcher, 3);
    const { hosts } = ranks.facts[0];
    expect(ranks.facts).toMatchObject(
      [0, 1, 2].map((rank) => ({
        rank,
        hosts: [hosts[0], hosts[0], hosts[0]],
        localRank: rank,
        localSize: 3,
      })),
    );
    expect(ranks.facts[0].version).toContain(launcher.name.split(',')[0]);
  });

  test('the group ends without an error', async () => {
    // MPICH 4.0 hangs in MPI_Finalize of 3 ranks on TCP once in five times, also in a program in C.
    ranks = await MpiRanks.start(launcher, launcher.name === 'MPICH, TCP' ? 2 : 3);
    expect([await ranks.finish(), ranks.output]).toEqual([0, '']);
  });

  test('all-reduces that were started give the bits of those that wait, whatever is called meanwhile', async () => {
    const size = ALL ? 5 : 3;
    ranks = await MpiRanks.start(launcher, size);
    const lengths = [1, 0, 70_001, 7];
    const arrays = (rank: number) =>
      lengths.map((length) => Float32Array.from({ length }, (_, i) => (i % 97) / (rank + 3)));
    const expected = lengths.flatMap((_, at) => {
      const sum = arrays(0)[at];
      for (let rank = 1; rank < size; rank++) {
        arrays(rank)[at].forEach((value, i) => {
          sum[i] += value;
        });
      }
      return [...sum];
    });
    for (let turn = 0; turn < 2; turn++) {
      const outcomes = await Promise.all(
        Array.from({ length: size }, (_, rank) => ranks.call(rank, 'overlap', ...arrays(rank))),
      );
      for (const outcome of outcomes) {
        expect(outcome).not.toHaveProperty('error');
        const { result } = outcome as { result: Float32Array };
        expect(result.length).toBe(expected.length);
        expect(result.every((value, i) => value === expected[i])).toBe(true);
      }
    }
    // A call that waits is another call.
    const mixed = await Promise.all(
      Array.from({ length: size }, (_, rank) =>
        ranks.call(rank, rank === 1 ? 'allReduce' : 'overlap', new Float32Array(8)),
      ),
    );
    for (const outcome of mixed) {
      expect((outcome as { error: string }).error).toMatch(
        /^Collective(Mismatch|Aborted)Error: .*different calls/,
      );
    }
  });

  test('a rank that never comes ends the group after the timeout', async () => {
    ranks = await MpiRanks.start(launcher, 3, { timeoutSeconds: 0.5 });
    const errors = await Promise.all([
      ranks.call(0, 'barrier'),
      sleep(200).then(() => ranks.call(1, 'allReduce', new Float32Array(3))),
    ]);
    const [{ error }] = errors as { error: string }[];
    expect(error).toMatch(
      /^CollectiveAbortedError: the group of replicas was aborted: a rank waited 0\.5 s in (barrier|allReduce) for the other ranks$/,
    );
    expect(errors).toEqual([{ error }, { error }]);
    expect(await ranks.call(2, 'broadcast', new Float32Array(3))).toEqual({ error });
  });

  test('the death of a rank ends the others', async () => {
    ranks = await MpiRanks.start(launcher, 2);
    const waiting = ranks.call(0, 'barrier');
    process.kill(ranks.facts[1].pid, 'SIGKILL');
    expect(await ranks.ended).not.toBe(0);
    expect(await waiting).toHaveProperty('error');
  });
});
