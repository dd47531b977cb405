/**
 * A few thousand changed files for each reader, always the same, and those that once failed. Hundreds of thousands:
 * `npm run fuzz -w packages/pretrained -- safetensors|pth|onnx`.
 */
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type FormatName, fuzzFormats } from '../fuzz/formats.js';
import { FuzzRandom } from '../fuzz/random.js';
import { runCase } from '../fuzz/run-case.js';
import { testFile } from './helpers.js';

const formats = fuzzFormats(
  ['dtypes.pth', 'windows.pth', 'training.pth', 'protocol4.pth', 'namespace.pth', 'legacy.pth'].map(testFile),
);

describe.each(Object.keys(formats) as FormatName[])('%s', (name) => {
  test('ends in its own error or a sound result', { timeout: 60_000 }, () => {
    const counts = { read: 0, refused: 0 };
    for (let i = 0; i < 3000; i++) {
      const { outcome, problem } = runCase(formats[name], formats[name].input(new FuzzRandom(i)));
      expect(problem, `input ${i}`).toBeUndefined();
      counts[outcome as 'read' | 'refused']++;
    }
    // Changes that only break everything, or nothing, would test nothing.
    expect(counts.read).toBeGreaterThan(100);
    expect(counts.refused).toBeGreaterThan(1000);
  });
});

test.each(readdirSync(new URL('./files/fuzz', import.meta.url)))('%s, which once failed', (file) => {
  const name = file.split('-')[0] as FormatName;
  expect(runCase(formats[name], testFile(`fuzz/${file}`))).toMatchObject({
    outcome: 'refused',
    problem: undefined,
  });
});

test('a reader that hangs on to what a file claims, or throws what it should not, is noticed', () => {
  const broken = {
    ...formats.onnx,
    read: () => new Map([['a', { dtype: 'F32' as const, shape: [1e6], data: new Float32Array(1e6) }]]),
  };
  expect(runCase(broken, new Uint8Array(100)).problem).toMatch(
    /gave 4000000 bytes of values, where the file has 800 at most/,
  );
  // Given back before it ends, so that only the memory tells.
  const wasteful = {
    ...formats.onnx,
    read: (bytes: Uint8Array) => {
      new Float32Array(bytes.length * 20 + 10_000).fill(1);
      return new Map();
    },
  };
  expect(runCase(wasteful, new Uint8Array(100)).problem).toMatch(
    /took \d+ bytes of buffers for a file of 100/,
  );
  // Kept, as a collection in between would hide it.
  const kept: object[] = [];
  const hoarding = {
    ...formats.onnx,
    read: () => {
      kept.push(Array.from({ length: 2e5 }, (_, i) => ({ i })));
      return new Map();
    },
  };
  // A collection may come in the middle of one.
  const problems = Array.from({ length: 5 }, () => runCase(hoarding, new Uint8Array(100)).problem);
  expect(problems.find((problem) => problem !== undefined)).toMatch(
    /took \d+ bytes of objects for a file of 100/,
  );
  const crashing = {
    ...formats.onnx,
    read: () => {
      throw new RangeError('Invalid typed array length: 4294967295');
    },
  };
  expect(runCase(crashing, new Uint8Array(1))).toMatchObject({ outcome: 'failed' });
});
