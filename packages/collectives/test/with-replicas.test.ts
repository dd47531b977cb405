import { bundleModule } from '@unitsphere/testing/bundle-module';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  CollectiveAbortedError,
  CollectiveMismatchError,
  type Communicator,
  ReplicaError,
  withReplicas,
} from '../src/index.js';

let files: { file: string; supervisorFile: string };
beforeAll(() => {
  files = {
    file: bundleModule('./fixtures/replica.ts', import.meta.url),
    supervisorFile: bundleModule('../src/supervisor.ts', import.meta.url),
  };
});

const sumOverRanks = (communicator: Communicator) => {
  const values = Float32Array.of(communicator.rank + 1);
  communicator.allReduce(values);
  communicator.barrier();
  return values[0];
};
const run = (
  tasks: string[],
  work: (communicator: Communicator) => unknown,
  more: Partial<Parameters<typeof withReplicas>[0]> = {},
) => withReplicas({ ...files, size: tasks.length + 1, data: (rank) => tasks[rank - 1], ...more }, work);
const catchError = (...args: Parameters<typeof run>) =>
  run(...args).then(
    () => undefined,
    (error) => error,
  );

describe('withReplicas', () => {
  test.each([1, 2, 3, 4])('runs a function on %i ranks, with this thread as the first', async (size) => {
    const tasks = new Array<string>(size - 1).fill('adds up');
    expect(await run(tasks, sumOverRanks)).toBe((size * (size + 1)) / 2);
  });

  test('does not use the file for one rank', async () => {
    expect(await withReplicas({ size: 1, file: 'no such file' }, ({ size }) => size)).toBe(1);
  });

  test.each([
    ['throws', /^replica 2 failed: no such thing$/],
    ['throws late', /^replica 2 failed: no such thing$/],
    ['exits with code 3', /^replica 2 failed: the thread ended by itself with code 3$/],
    ['rejects in passing', /^replica 2 failed: out of turn$/],
  ])('a replica that %s ends the group while the others sleep', async (task, message) => {
    const error = await catchError(['waits', task], (communicator) => communicator.barrier());
    expect(error).toBeInstanceOf(ReplicaError);
    expect(error).toMatchObject({ rank: 2, message: expect.stringMatching(message) });
    if (task.startsWith('throws')) expect(error.cause.stack).toContain('replica.');
  });

  test('a replica that runs out of memory ends the group', { timeout: 60_000 }, async () => {
    const error = await catchError(['runs out of memory'], (communicator) => communicator.barrier(), {
      resourceLimits: { maxOldGenerationSizeMb: 16 },
    });
    expect(error).toBeInstanceOf(ReplicaError);
    expect(error.message).toMatch(/^replica 1 failed: .*memory/);
  });

  test('a module that does not load is reported', async () => {
    const error = await catchError(['waits'], () => {}, { file: '/no/such/module.mjs' });
    expect(error).toBeInstanceOf(ReplicaError);
    expect(error.message).toMatch(/^replica 1 failed: .*no\/such\/module/);
  });

  test("throws this thread's own error and ends the replicas", async () => {
    const own = new Error('the disk is full');
    expect(await catchError(['waits', 'waits'], () => Promise.reject(own))).toBe(own);
  });

  test('a rank that still waits after rank 0 has returned is an error, not a deadlock', async () => {
    const error = await catchError(['waits'], () => 1);
    expect(error).toBeInstanceOf(ReplicaError);
    expect(error.message).toMatch(/rank 0 has returned/);
  });

  test('waiting for a replica that has returned is an error', async () => {
    const error = await catchError(['returns at once'], (communicator) => communicator.barrier());
    expect(error).toBeInstanceOf(CollectiveAbortedError);
    expect(error.message).toMatch(/replica 1 has returned/);
  });

  test('reports a call that differs from the others', async () => {
    const error = await catchError(['gathers instead'], (communicator) => communicator.barrier());
    expect(error).toBeInstanceOf(CollectiveMismatchError);
    expect(error.message).toMatch(/rank 0 called barrier\(\); rank 1 called allGather\(3 float32 values\)/);
  });

  test('a waiting rank sleeps', async () => {
    const spent = await run(['waits twice', 'dozes'], (communicator) => {
      communicator.barrier();
      const before = process.cpuUsage();
      const begun = performance.now();
      communicator.barrier();
      const { user, system } = process.cpuUsage(before);
      return { waited: performance.now() - begun, busy: (user + system) / 1000 };
    });
    const { waited, busy } = spent as { waited: number; busy: number };
    expect(waited).toBeGreaterThan(900);
    // CPU time of all threads of the process.
    expect(busy).toBeLessThan(waited / 4);
  });
});
