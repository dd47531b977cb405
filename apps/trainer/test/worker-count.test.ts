import { expect, test } from 'vitest';
import { parseConfig } from '../src/config/parse-config.js';
import { workerCount } from '../src/dataset/worker-count.js';

const config = parseConfig('training: { batchSize: 64 }');
const GIB = 2 ** 30;

test('data.workers: auto fits the cores, the replicas and the memory', () => {
  const count = (cores: number, replicas: number, backend = 'wasm', memory = 64 * GIB) =>
    workerCount(config, { cores, replicas, backend, memory });
  expect(count(1, 1)).toBe(1);
  // All cores have a replica: one worker for three of them.
  expect([count(2, 2), count(4, 4), count(16, 16)]).toEqual([1, 2, 6]);
  // Cores that a small batch leaves free, but no more workers than replicas.
  expect([count(8, 4), count(64, 4), count(64, 16)]).toEqual([4, 4, 16]);
  // A graphics card uses images faster than cores prepare them.
  expect([count(2, 1, 'webgpu'), count(8, 1, 'webgpu'), count(64, 1, 'cuda')]).toEqual([1, 7, 16]);
  expect([count(64, 16, 'wasm', GIB), count(64, 1, 'cuda', GIB / 8)]).toEqual([2, 1]);
  expect(workerCount(config, { cores: 8, replicas: 1, backend: 'webgpu' })).toBe(7);
});

test('a given number is kept', () => {
  for (const workers of [0, 3]) {
    const given = parseConfig(`data: { workers: ${workers} }`);
    expect(workerCount(given, { cores: 64, replicas: 1, backend: 'cuda', memory: 1 })).toBe(workers);
  }
});
