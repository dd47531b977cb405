/**
 * Tests each reader with the same few thousand mutated files, and with files that once failed. For hundreds of thousands:
 * `npm run fuzz -w packages/pretrained -- safetensors|pth|onnx`.
 */
import { readdirSync } from 'node:fs';
import { FuzzRandom } from '@unitsphere/testing/fuzz/random';
import { describe, expect, test } from 'vitest';
import { createFuzzFormats, type FormatName } from '../fuzz/formats.js';
import { runCase } from '../fuzz/run-case.js';
import { testFile } from './helpers.js';

const formats = createFuzzFormats(
  [
    'dtypes.pth',
    'windows.pth',
    'training.pth',
    'protocol4.pth',
    'namespace.pth',
    'legacy.pth',
    'python2.pth',
    'objects.pth',
    'unread.pth',
  ].map(testFile),
);

describe.each(Object.keys(formats) as FormatName[])('%s', (name) => {
  test('ends in its own error or a valid result', { timeout: 60_000 }, () => {
    const counts = { read: 0, refused: 0 };
    for (let i = 0; i < 3000; i++) {
      const { outcome, problem } = runCase(formats[name], formats[name].input(new FuzzRandom(i)));
      expect(problem, `input ${i}`).toBeUndefined();
      counts[outcome as 'read' | 'refused']++;
    }
    // Both outcomes must occur, otherwise the mutations are too strong or too weak.
    expect(counts.read).toBeGreaterThan(100);
    expect(counts.refused).toBeGreaterThan(1000);
  });
});

test.each(readdirSync(new URL('./files/fuzz', import.meta.url)))('refuses %s, which once failed', (file) => {
  const name = file.split('-')[0] as FormatName;
  expect(runCase(formats[name], testFile(`fuzz/${file}`))).toMatchObject({
    outcome: 'refused',
    problem: undefined,
  });
});

test('detects a reader that allocates too much, or throws another error', { timeout: 60_000 }, () => {
  const broken = {
    ...formats.onnx,
    read: () => new Map([['a', { dtype: 'F32' as const, shape: [1e6], data: new Float32Array(1e6) }]]),
  };
  expect(runCase(broken, new Uint8Array(100)).problem).toMatch(
    /returned 4000000 bytes of values, but the file allows at most 800/,
  );
  // The result is empty, so that only the allocation is detected.
  const wasteful = {
    ...formats.onnx,
    read: (bytes: Uint8Array) => {
      new Float32Array(bytes.length * 20 + 10_000).fill(1);
      return new Map();
    },
  };
  expect(runCase(wasteful, new Uint8Array(100)).problem).toMatch(
    /allocated \d+ bytes of buffers for a file of 100/,
  );
  // The objects are kept, as a garbage collection would hide them.
  const kept: object[] = [];
  const hoarding = {
    ...formats.onnx,
    read: () => {
      kept.push(Array.from({ length: 2e5 }, (_, i) => ({ i })));
      return new Map();
    },
  };
  // A garbage collection during a read may still hide them, hence several reads.
  const problems = Array.from({ length: 5 }, () => runCase(hoarding, new Uint8Array(100)).problem);
  expect(problems.find((problem) => problem !== undefined)).toMatch(
    /allocated \d+ bytes of objects for a file of 100/,
  );
  const crashing = {
    ...formats.onnx,
    read: () => {
      throw new RangeError('Invalid typed array length: 4294967295');
    },
  };
  expect(runCase(crashing, new Uint8Array(1))).toMatchObject({ outcome: 'failed' });
});
