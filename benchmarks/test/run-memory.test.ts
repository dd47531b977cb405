import { expect, test } from 'vitest';
import { isFlat, runMemory } from '../src/memory/run-memory.js';
import { print } from '../src/readme.js';
import { DEFAULT_WORKLOAD } from '../src/step/workload.js';
import { fake } from './fake.js';

const point = (rest: object) => ({ step: 0, peakRss: 9, rss: 100, tensors: 3, tensorBytes: 12, ...rest });

test('is flat if nothing grows except for a little of the resident memory', () => {
  expect(isFlat([point({}), point({ tensors: 9 }), point({ rss: 104, peakRss: 20 })])).toBe(true);
  expect(isFlat([point({}), point({ rss: 106 })])).toBe(false);
  expect(isFlat([point({}), point({ tensors: 4 })])).toBe(false);
  expect(isFlat([point({}), point({ tensorBytes: 16 })])).toBe(false);
  expect(isFlat([point({ wasmHeap: 1 }), point({ wasmHeap: 2 })])).toBe(false);
});

test('reads the memory five times', async () => {
  const report = await runMemory([fake('a'), fake('b', { absent: 'no adapter' })], DEFAULT_WORKLOAD, 240);
  expect(report.contenders[0].points.map(({ step, peakRss }) => [step, peakRss])).toEqual(
    [200, 210, 220, 230, 240].map((step) => [step, 3000 + step]),
  );
  expect(report.contenders[0].flat).toBe(true);
  expect(report.absent).toEqual({ b: 'Fake b: no adapter' });
  expect(print(report)).toContain('- Fake a: flat');
});
