/**
 * A few thousand changed files for each reader, always the same, and those that once failed. Hundreds of thousands:
 * `npm run fuzz -w packages/pretrained -- safetensors|pth|onnx`.
 */
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type FormatName, fuzzFormats } from '../fuzz/formats';
import { FuzzRandom } from '../fuzz/random';
import { runCase } from '../fuzz/run-case';
import { testFile } from './helpers';

const formats = fuzzFormats(
  ['dtypes.pth', 'windows.pth', 'training.pth', 'protocol4.pth', 'namespace.pth'].map(testFile),
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
  expect(runCase(broken, new Uint8Array(100)).problem).toMatch(/100 bytes gave 4000000 bytes/);
  const crashing = {
    ...formats.onnx,
    read: () => {
      throw new RangeError('Invalid typed array length: 4294967295');
    },
  };
  expect(runCase(crashing, new Uint8Array(1))).toMatchObject({ outcome: 'failed' });
});
