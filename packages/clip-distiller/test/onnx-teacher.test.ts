import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { start } from '@unitsphere/testing/backends';
import { type GoldenTensor, readGolden, relativeError } from '@unitsphere/testing/golden';
import { toNhwc } from '@unitsphere/testing/golden/layout';
import { beforeAll, describe, expect, test } from 'vitest';
import { clipPreprocessing } from '../src/index.js';
import { CachedTeacher } from '../src/node.js';
import { findRuntime } from '../src/onnx/runtime.js';
import { createOnnxTeacher, OnnxTeacherError } from '../src/onnx.js';

interface OnnxCase {
  name: string;
  layout: 'NCHW' | 'NHWC';
  batch: number | null;
  model: string;
  x: GoldenTensor;
  y: GoldenTensor;
}

const { cases } = readGolden<OnnxCase>('onnx_teacher');
const [anyBatch, channelsLast] = cases as [OnnxCase, OnnxCase];
const twoOutputs = cases.find((c) => c.name === 'two outputs')!;
const fileOf = ({ model }: OnnxCase) => new Uint8Array(Buffer.from(model, 'base64'));
const preprocessing = clipPreprocessing(16);

beforeAll(() => start('cpu'));

test.each(cases.map((c) => [c.name, c] as const))(
  'computes the same features as torch: %s',
  async (_name, c) => {
    const before = tf.memory().numTensors;
    const output = c === twoOutputs ? 'embedding' : undefined;
    const teacher = await createOnnxTeacher(fileOf(c), {
      name: 'small',
      preprocessing,
      layout: c.layout,
      output,
    });
    expect([teacher.name, teacher.width]).toEqual(['small', 5]);
    const { data, shape } = toNhwc(c.x);
    const pixels = tf.tensor4d(data, shape as [number, number, number, number]);
    const features = await teacher.embed(pixels);
    expect(features.shape).toEqual([3, 5]);
    expect(relativeError(features.dataSync(), c.y)).toBeLessThan(1e-5);
    tf.dispose([pixels, features]);
    await teacher.dispose();
    expect(tf.memory().numTensors).toBe(before);
  },
);

test('has the name of its file, and works with a cache', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-'));
  const file = join(folder, 'tower.onnx');
  writeFileSync(file, fileOf(anyBatch));
  const teacher = await createOnnxTeacher(file, { preprocessing });
  expect(teacher.name).toBe('tower.onnx');
  const cache = new CachedTeacher(teacher, { folder });
  const image = { width: 20, height: 18, data: new Uint8Array(20 * 18 * 3).map((_, i) => i) };
  for (let time = 0; time < 2; time++) (await cache.features([image])).dispose();
  expect(cache.statistics).toMatchObject({ features: 1, hits: 1, misses: 1 });
  cache.close();
  await teacher.dispose();
  rmSync(folder, { recursive: true });
});

test('has another fingerprint for another file or output', async () => {
  const prints: string[] = [];
  for (const [c, options] of [
    [anyBatch, {}],
    [anyBatch, {}],
    [channelsLast, { layout: 'NHWC' }],
    [twoOutputs, { output: 'embedding' }],
  ] as const) {
    const teacher = await createOnnxTeacher(fileOf(c), { preprocessing, ...options });
    prints.push(teacher.fingerprint);
    await teacher.dispose();
  }
  expect(prints[0]).toBe(prints[1]);
  expect(new Set(prints).size).toBe(3);
});

describe('refuses', () => {
  test.each([
    [
      'several outputs',
      twoOutputs,
      {},
      /an ONNX model has the outputs "tokens", "embedding"; set "output" to the name of the feature/,
    ],
    [
      'an output that does not exist',
      anyBatch,
      { output: 'pooled' },
      /no output "pooled"; it has "embedding"/,
    ],
    [
      'an output of feature maps',
      twoOutputs,
      { output: 'tokens' },
      /"tokens" .* is float32 \[1,4,8,8\], but a feature must be/,
    ],
    ['the other layout', anyBatch, { layout: 'NHWC' }, /does not run on images of 16x16 \(NHWC\)/],
    ['another size', anyBatch, { preprocessing: clipPreprocessing(24) }, /does not run on images of 24x24/],
  ] as const)('%s', async (_what, c, options, message) => {
    const error = await createOnnxTeacher(fileOf(c), { preprocessing, ...options }).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(OnnxTeacherError);
    expect(error.message).toMatch(message);
  });

  test('invalid models and missing files', async () => {
    await expect(createOnnxTeacher(Uint8Array.of(1, 2, 3), { preprocessing })).rejects.toThrow(
      /cannot be loaded by ONNX Runtime/,
    );
    await expect(createOnnxTeacher('/no/such/tower.onnx', { preprocessing })).rejects.toThrow(
      /tower\.onnx cannot be read: it does not exist/,
    );
  });
});

test('finds the installed ONNX Runtime', async () => {
  const { InferenceSession, Tensor } = await findRuntime();
  expect(InferenceSession.create).toBeTypeOf('function');
  expect(new Tensor('float32', new Float32Array(2), [2]).dims).toEqual([2]);
});
