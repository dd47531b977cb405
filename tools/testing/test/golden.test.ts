import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import {
  type GoldenTensor,
  hashFill,
  readGolden,
  readGoldenFile,
  relativeError,
} from '../src/golden/read.js';
import { codeBlocks } from '../src/readme-example.js';

interface HashCase {
  name: string;
  fill: GoldenTensor;
  values: GoldenTensor;
  bits: number[];
}

interface LinearCase {
  name: string;
  x: GoldenTensor;
  weight: GoldenTensor;
  bias: GoldenTensor | null;
  dy: GoldenTensor;
  y: GoldenTensor;
  dx: GoldenTensor;
}

test.each(readGolden<HashCase>('hash').cases)(
  'hashFill is bit-identical to Python: $name',
  ({ fill, values }) => {
    const every = values.sampled?.every ?? 1;
    const mine = fill.data.filter((_, index) => index % every === 0);
    expect(mine).toEqual(values.data);
    expect(relativeError(fill.data, values)).toBeLessThan(1e-11);
  },
);

test('hashFill scales the golden bits', () => {
  const { bits } = readGolden<HashCase>('hash').cases.find((one) => one.name === 'unit')!;
  expect(Array.from(hashFill(8, 1, 0))).toEqual(bits.map((b) => Math.fround((b / 2 ** 32 - 0.5) * 2)));
});

test('hashFill refuses an invalid count or seed', () => {
  expect(() => hashFill(-1, 1, 0)).toThrow(RangeError);
  expect(() => hashFill(1, 1, 2 ** 32)).toThrow(RangeError);
  expect(() => hashFill(1, 1, 0.5)).toThrow(RangeError);
});

test.each(readGolden<LinearCase>('linear').cases)(
  'stored and hashed tensors are consistent: linear $name',
  (one) => {
    const [batch, inputs] = one.x.shape;
    const outputs = one.weight.shape[0];
    const y = new Float64Array(batch * outputs);
    const dx = new Float64Array(batch * inputs);
    for (let b = 0; b < batch; b++) {
      for (let o = 0; o < outputs; o++) {
        y[b * outputs + o] = one.bias?.data[o] ?? 0;
        for (let i = 0; i < inputs; i++) {
          y[b * outputs + o] += one.x.data[b * inputs + i] * one.weight.data[o * inputs + i];
          dx[b * inputs + i] += one.dy.data[b * outputs + o] * one.weight.data[o * inputs + i];
        }
      }
    }
    expect(relativeError(y, one.y)).toBeLessThan(1e-7);
    expect(relativeError(dx, one.dx)).toBeLessThan(1e-7);
  },
);

test('relativeError divides by the largest expected value, or by a larger scale', () => {
  expect(relativeError([1, 2.5, -4], [1, 2, -4])).toBeCloseTo(0.125, 10);
  expect(relativeError(3, 2)).toBeCloseTo(0.5, 10);
  const rest: GoldenTensor = { shape: [2], dtype: 'float32', data: new Float32Array([0, 0]), scale: 10 };
  expect(relativeError([0.1, 0], rest)).toBeCloseTo(0.01, 10);
});

test('relativeError of a sampled tensor compares the samples and the norm', () => {
  const whole = hashFill(20, 1, 3);
  const norm = Math.hypot(...whole);
  const data = whole.filter((_, index) => index % 7 === 0);
  const expected: GoldenTensor = { shape: [4, 5], dtype: 'float32', data, sampled: { every: 7, norm } };
  expect(relativeError(whole, expected)).toBeLessThan(1e-12);
  const wrongSample = Float32Array.from(whole, (value, index) => (index === 7 ? value + 0.5 : value));
  expect(relativeError(wrongSample, expected)).toBeGreaterThan(0.1);
  const wrongBetween = Float32Array.from(whole, (value, index) => (index === 8 ? value + 2 : value));
  expect(relativeError(wrongBetween, expected)).toBeGreaterThan(0.01);
});

test('relativeError reports NaN, infinity and a wrong length', () => {
  expect(relativeError([0, Number.NaN, 5], [0, 1, 2])).toBeNaN();
  expect(relativeError([Number.POSITIVE_INFINITY], [1])).toBe(Number.POSITIVE_INFINITY);
  expect(() => relativeError([1, 2], [1])).toThrow('actual has 2 values, but one in 1 should be 1');
  expect(() => relativeError([1], { shape: [2], dtype: 'float32', data: new Float32Array(2) })).toThrow(
    '[2] has 2',
  );
  const sampled = {
    shape: [3],
    dtype: 'float32',
    data: new Float32Array(1),
    sampled: { every: 3, norm: 0 },
  } as const;
  expect(relativeError([0, Number.NaN, 0], { ...sampled, shape: [3] })).toBeNaN();
});

test('readGoldenFile decodes integers and refuses one beyond 32 bits', () => {
  const directory = mkdtempSync(join(tmpdir(), 'golden-'));
  try {
    const file = (values: BigInt64Array) => {
      const path = join(directory, 'integers.json');
      const data = Buffer.from(values.buffer).toString('base64');
      const int32 = Buffer.from(new Int32Array([7, -8]).buffer).toString('base64');
      const tensors = {
        long: { shape: [values.length], dtype: 'int64', data },
        int: { shape: [2], dtype: 'int32', data: int32 },
      };
      writeFileSync(path, JSON.stringify({ about: 'integers', cases: [{ name: 'one', ...tensors }] }));
      return path;
    };
    const [one] = readGoldenFile<{ name: string; long: GoldenTensor; int: GoldenTensor }>(
      file(new BigInt64Array([5n, -3n])),
    ).cases;
    expect(Array.from(one.long.data)).toEqual([5, -3]);
    expect(Array.from(one.int.data)).toEqual([7, -8]);
    expect(() => readGoldenFile(file(new BigInt64Array([2n ** 31n])))).toThrow('does not fit in 32 bits');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('readGolden refuses a subject without a file', () => {
  expect(() => readGolden('no-such-subject')).toThrow('no-such-subject');
});

test('runs the example in README.md', async () => {
  const [contents] = codeBlocks(readFileSync(new URL('../../golden/README.md', import.meta.url), 'utf8'));
  const resolveDir = fileURLToPath(new URL('.', import.meta.url));
  const { outputFiles } = await build({
    stdin: {
      contents: `${contents}\nexport const cases = readGolden<Case>('linear').cases;`,
      resolveDir,
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
    define: { 'import.meta.url': JSON.stringify(new URL('../src/golden/read.ts', import.meta.url).href) },
  });
  const { cases } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
  expect(cases.length).toBeGreaterThan(0);
});
