import { beforeAll, describe, expect, test } from 'vitest';
import { bundleModule } from '../../../tools/workspace/bundle-module.js';
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

const sumOfRanks = (communicator: Communicator) => {
  const values = Float32Array.of(communicator.rank + 1);
  communicator.allReduce(values);
  communicator.barrier();
  return values[0];
};
const run = (
  deeds: string[],
  work: (communicator: Communicator) => unknown,
  more: Partial<Parameters<typeof withReplicas>[0]> = {},
) => withReplicas({ ...files, size: deeds.length + 1, data: (rank) => deeds[rank - 1], ...more }, work);
const failure = (...args: Parameters<typeof run>) =>
  run(...args).then(
    () => undefined,
    (error) => error,
  );

describe('withReplicas', () => {
  test.each([1, 2, 3, 4])('runs a function on %i ranks, this thread the first', async (size) => {
    const deeds = new Array<string>(size - 1).fill('adds up');
    expect(await run(deeds, sumOfRanks)).toBe((size * (size + 1)) / 2);
  });

  test('does not read the file for one rank', async () => {
    expect(await withReplicas({ size: 1, file: 'no such file' }, ({ size }) => size)).toBe(1);
  });

  test.each([
    ['throws', /^replica 2 failed: no such thing$/],
    ['throws late', /^replica 2 failed: no such thing$/],
    ['exits with code 3', /^replica 2 failed: the thread ended by itself with code 3$/],
    ['rejects in passing', /^replica 2 failed: out of turn$/],
  ])('a replica that %s ends the group while the others sleep', async (deed, message) => {
    const error = await failure(['waits', deed], (communicator) => communicator.barrier());
    expect(error).toBeInstanceOf(ReplicaError);
    expect(error).toMatchObject({ rank: 2, message: expect.stringMatching(message) });
    if (deed.startsWith('throws')) expect(error.cause.stack).toContain('replica.');
  });

  test('so does one that runs out of memory', { timeout: 60_000 }, async () => {
    const error = await failure(['runs out of memory'], (communicator) => communicator.barrier(), {
      resourceLimits: { maxOldGenerationSizeMb: 16 },
    });
    expect(error).toBeInstanceOf(ReplicaError);
    expect(error.message).toMatch(/^replica 1 failed: .*memory/);
  });

  test('a module that does not load is told of', async () => {
    const error = await failure(['waits'], () => {}, { file: '/no/such/module.mjs' });
    expect(error).toBeInstanceOf(ReplicaError);
    expect(error.message).toMatch(/^replica 1 failed: .*no\/such\/module/);
  });

  test("this thread's own error is thrown, and the replicas end", async () => {
    const own = new Error('the disk is full');
    expect(await failure(['waits', 'waits'], () => Promise.reject(own))).toBe(own);
  });

  test('a rank that still waits when rank 0 has returned is an error, not a deadlock', async () => {
    const error = await failure(['waits'], () => 1);
    expect(error).toBeInstanceOf(ReplicaError);
    expect(error.message).toMatch(/rank 0 has returned/);
  });

  test('a replica that has returned is missed by one that waits for it', async () => {
    const error = await failure(['returns at once'], (communicator) => communicator.barrier());
    expect(error).toBeInstanceOf(CollectiveAbortedError);
    expect(error.message).toMatch(/replica 1 has returned/);
  });

  test('another call than the others make is named', async () => {
    const error = await failure(['gathers instead'], (communicator) => communicator.barrier());
    expect(error).toBeInstanceOf(CollectiveMismatchError);
    expect(error.message).toMatch(/rank 0 called barrier\(\); rank 1 called allGather\(3 float32 values\)/);
  });

  test('sleeps while it waits', async () => {
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
    // Of all threads of the process together.
    expect(busy).toBeLessThan(waited / 4);
  });
});
