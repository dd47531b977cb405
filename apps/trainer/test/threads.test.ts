// Threads that share a replica's kernels.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { nativeStatus } from '@unitsphere/native';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseConfig } from '../src/config/parse-config.js';
import { checkKernelThreads, describeReplicas, resolveThreads } from '../src/replicas/kernel-threads.js';
import { replicaCount } from '../src/replicas/replica-count.js';
import { bundleFixture } from './fixtures/bundle.js';

// The suite switches the addon off.
const before = process.env['UNITSPHERE_NATIVE'];
beforeEach(() => {
  process.env['UNITSPHERE_NATIVE'] = '1';
});
afterEach(() => {
  process.env['UNITSPHERE_NATIVE'] = before;
});

const config = (threads: number) =>
  parseConfig(`
data: { imageSize: 64 }
model: { backbone: lcnet_035, embeddingSize: 16 }
optimizer: { lr: 1e-3 }
training: { batchSize: 8, replicas: 1, threads: ${threads} }
`);

test('a training has bit-identical losses on 1, 2 and 3 threads', async ({ skip }) => {
  // Skipped where the addon is not built.
  if (!nativeStatus().isa) return skip();
  // A process of its own: the backend of this one may have started without the addon.
  const file = bundleFixture('thread-losses');
  const { stdout } = await promisify(execFile)(process.execPath, [file], {
    env: { ...process.env, UNITSPHERE_NATIVE: '1' },
  });
  const runs: { threads: number; losses: number[]; tensors: number[]; left: number }[] = JSON.parse(stdout);
  expect(runs.map(({ threads }) => threads)).toEqual([1, 2, 3]);
  const [alone] = runs;
  expect(new Set(alone?.losses).size).toBe(4);
  for (const { losses, tensors, left } of runs) {
    expect(losses).toEqual(alone?.losses);
    expect(new Set(tensors).size).toBe(1);
    expect(left).toBe(0);
  }
});

test('refuses threads without native kernels, and on other backends', () => {
  process.env['UNITSPHERE_NATIVE'] = '0';
  expect(() => checkKernelThreads(config(1), 'wasm')).not.toThrow();
  expect(() => checkKernelThreads(config(2), 'wasm')).toThrow(
    'training.threads is 2, but the WebAssembly kernels run on one thread, and @unitsphere/native is not used: switched off by UNITSPHERE_NATIVE=0',
  );
  expect(() => checkKernelThreads(config(2), 'cpu')).toThrow(
    'training.threads is 2, but the backend cpu does not divide its kernels',
  );
});

test('takes the cores for one replica with native kernels, and one thread without them', ({ skip }) => {
  const threads = (backend: string, cores: number, replicas: 'auto' | number = 'auto') =>
    resolveThreads(parseConfig(`training: { replicas: ${replicas} }`), backend, cores).training.threads;
  expect(resolveThreads(config(3), 'wasm', 2).training.threads).toBe(3);
  expect(threads('webgpu', 2)).toBe(1);
  process.env['UNITSPHERE_NATIVE'] = '0';
  expect(threads('wasm', 2)).toBe(1);
  process.env['UNITSPHERE_NATIVE'] = '1';
  // Skipped where the addon is not built.
  if (!nativeStatus().isa) return skip();
  expect(threads('wasm', 2)).toBe(2);
  expect(threads('wasm', 64)).toBe(8);
  expect(threads('wasm', 8, 2)).toBe(4);
  expect(threads('wasm', 2, 4)).toBe(1);
});

test('fills the cores with replicas of several threads', () => {
  const auto = { wanted: 'auto', backend: 'wasm', batchSize: 64 } as const;
  expect(replicaCount({ ...auto, cores: 8, threads: 2 })).toBe(4);
  expect(replicaCount({ ...auto, cores: 2, threads: 4 })).toBe(1);
});

test('describes replicas and threads, and says when they exceed the cores', () => {
  expect(describeReplicas(1, 1, 2)).toBeUndefined();
  expect(describeReplicas(2, 1, 2)).toBe('2 replicas share every batch');
  expect(describeReplicas(1, 2, 2)).toBe('1 replica on 2 threads computes every batch');
  expect(describeReplicas(2, 2, 2)).toBe(
    '2 replicas on 2 threads each share every batch; they are more than the 2 cores, so they wait for each other',
  );
});

test.each([0, 1.5, 33])('training.threads refuses %s', (threads) => {
  expect(() => config(threads)).toThrow('training.threads');
});
