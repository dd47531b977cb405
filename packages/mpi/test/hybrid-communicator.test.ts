import { describeErrors, describeResults } from '@unitsphere/testing/communicator-contract';
import { afterEach, describe, expect, test } from 'vitest';
import { installedLaunchers, type TestLauncher } from './fixtures/launchers.js';
import { MpiRanks } from './fixtures/ranks.js';

// `npm run test:all -w packages/mpi` tests more processes and threads, with every transport. It takes minutes.
const ALL = process.env['UNITSPHERE_MPI_ALL'] === '1';
const GROUPS = ALL
  ? [
      [1, 3],
      [2, 1],
      [2, 2],
      [2, 4],
      [3, 2],
      [4, 2],
    ]
  : [[2, 2]];

if (installedLaunchers.length === 0) {
  test.skip('MPI requires an MPI library: run tools/workspace/install-mpi.sh', () => {});
}

// One of them in the short run: the last one with shared memory starts fastest.
const launchers = ALL
  ? installedLaunchers
  : installedLaunchers.filter(({ name }) => name.includes('shared memory')).slice(-1);
describe.each(launchers)('$name', (launcher: TestLauncher) => {
  for (const [processes, threads] of GROUPS) {
    describe(`${processes} processes of ${threads} threads`, () => {
      const options = ALL ? { numRuns: 20, largeLength: 500_001 } : { numRuns: 5, largeLength: 70_001 };
      describeResults(processes * threads, (size) => MpiRanks.start(launcher, size, { threads }), options);
    });
  }
  if (ALL) describeErrors((size) => MpiRanks.start(launcher, size, { threads: 1 }));

  describe('errors of 2 processes of 2 threads', () => {
    let ranks: MpiRanks;
    afterEach(() => ranks.close());

    test('calls that differ are reported to the threads of all processes', async () => {
      ranks = await MpiRanks.start(launcher, 4, { threads: 2 });
      const outcomes = await Promise.all(
        [8, 8, 8, 9].map((length, rank) => ranks.call(rank, 'allReduce', new Float32Array(length))),
      );
      for (const outcome of outcomes) {
        expect((outcome as { error: string }).error).toMatch(
          /^CollectiveMismatchError: .*rank 2 called allReduce\(8 float32 values, sum\); rank 3 called allReduce\(9 float32/,
        );
      }
      const { error } = (await ranks.call(1, 'barrier')) as { error: string };
      expect(error).toMatch(/^CollectiveAbortedError/);
    });

    test('an abort by a thread reaches all processes', async () => {
      ranks = await MpiRanks.start(launcher, 4, { threads: 2 });
      const waiting = [0, 1, 2].map((rank) => ranks.call(rank, 'allReduce', new Float32Array(100_000)));
      await ranks.call(3, 'abort', new Error('the disk is full'));
      const error = 'CollectiveAbortedError: the group of replicas was aborted: the disk is full';
      expect(await Promise.all(waiting)).toEqual([{ error }, { error }, { error }]);
      expect(await ranks.call(3, 'barrier')).toEqual({ error });
    });
  });
});
