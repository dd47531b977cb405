/** Compares rounding to bfloat16 with PyTorch's, bit for bit, and rounding to TensorFloat-32 with its definition. */
import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import { everyBackend, on, read, start } from '@unitsphere/testing/backends';
import { readGolden } from '@unitsphere/testing/golden';
import { describe, expect, test } from 'vitest';
import {
  packBfloat16,
  roundToBfloat16,
  roundToTensorFloat32,
  toBfloat16,
  unpackBfloat16,
} from '../src/index.js';
import { webGpuRuntime } from '../src/webgpu/runtime.js';

interface Case {
  name: string;
  lower: number;
  sha256: string;
  nans: number;
}
const { cases } = readGolden<Case>('bfloat16');

/** Returns a float for every upper half of its bits, all with one lower half. */
const floats = (lower: number) =>
  new Float32Array(Uint32Array.from({ length: 1 << 16 }, (_, upper) => (upper << 16) | lower).buffer);
const valuesOf = (patterns: Uint16Array) =>
  new Float32Array(Uint32Array.from(patterns, (bits) => bits << 16).buffer);
const bitsOf = (values: Float32Array) => new Uint32Array(values.slice().buffer);
const sha256 = (patterns: Uint16Array) => createHash('sha256').update(patterns).digest('hex');

test.each(cases)('toBfloat16: $name', ({ lower, sha256: expected, nans }) => {
  const patterns = toBfloat16(floats(lower));
  expect(sha256(patterns)).toBe(expected);
  expect(patterns.filter((bits) => (bits & 0x7fff) > 0x7f80).length).toBe(nans);
});

test('toBfloat16 accepts a view of a larger buffer', () => {
  const whole = Float32Array.of(9, 1, 1.00390625, 1.01171875, 9);
  // The latter two are ties, which round to the even neighbor.
  expect([...toBfloat16(whole.subarray(1, 4))]).toEqual([0x3f80, 0x3f80, 0x3f82]);
});

describe.each(everyBackend)('%s', (backend) => {
  test.each(cases)('roundToBfloat16: $name', async ({ lower, sha256: expected }) => {
    const rounded = await on(backend, () => read(roundToBfloat16(tf.tensor1d(floats(lower)))));
    const bits = bitsOf(rounded);
    expect(bits.every((value) => (value & 0xffff) === 0)).toBe(true);
    expect(sha256(Uint16Array.from(bits, (value) => value >>> 16))).toBe(expected);
  });

  test.each(cases)('packBfloat16 and back: $name', async ({ lower, sha256: expected }) => {
    await start(backend);
    const before = tf.memory().numTensors;
    const x = tf.tensor2d(floats(lower), [256, 256]);
    const packed = packBfloat16(x);
    expect([packed.dtype, packed.shape]).toEqual(['int32', [1 << 15]]);
    const patterns = new Uint16Array(((await packed.data()) as Int32Array).slice().buffer);
    expect(sha256(patterns)).toBe(expected);
    const back = unpackBfloat16<tf.Rank.R2>(packed, [256, 256]);
    expect([back.dtype, back.shape]).toEqual(['float32', [256, 256]]);
    const bits = bitsOf((await back.data()) as Float32Array);
    expect(bits.every((value, i) => value === patterns[i] * 65536)).toBe(true);
    tf.dispose([x, packed, back]);
    expect(tf.memory().numTensors).toBe(before);
  });

  test.each([1, 2, 3, 7, 8, 9, 31, 40, 1027])('packBfloat16 of %i values', async (size) => {
    const values = Float32Array.from({ length: size }, (_, i) => (i % 3 ? 1 : -1) * Math.exp((i % 40) - 20));
    const [packed, back] = await on(backend, () => {
      const packed = packBfloat16(tf.tensor1d(values));
      return Promise.all([read(packed), read(unpackBfloat16(packed, [size]))]);
    });
    expect(packed).toHaveLength(Math.ceil(size / 2));
    const patterns = [...new Uint16Array(Int32Array.from(packed).buffer)];
    expect(patterns).toEqual([...toBfloat16(values), ...(size % 2 ? [0] : [])]);
    expect([...back]).toEqual([...valuesOf(toBfloat16(values))]);
  });

  test('packBfloat16 refuses other dtypes, and unpackBfloat16 values that do not fit the shape', async () => {
    await on(backend, () => {
      const ints = tf.tensor1d([1, 2], 'int32');
      expect(() => packBfloat16(ints)).toThrow('packBfloat16: x must be float32, not int32.');
      expect(() => unpackBfloat16(ints, [2, 3])).toThrow(
        'unpackBfloat16: shape [2,3] requires 3 int32 values, but packed is int32 of shape [2].',
      );
      expect(() => unpackBfloat16(tf.tensor1d([1, 2]), [4])).toThrow('packed is float32');
    });
  });

  // The size is not a multiple of the vector width, so that the ends of kernels are tested too.
  test('roundToTensorFloat32 rounds to the nearest value of 10 stored bits, ties to even', async () => {
    const values = Float32Array.from({ length: 4099 }, (_, i) => {
      const bits = Math.imul(i + 1, 2654435761) >>> 0;
      // A third of the values are ties; all are normal numbers.
      return (
        ((i % 3 === 0 ? (bits & 0x7fe000) | 0x1000 : bits & 0x7fffff) + 0x800000) * 2 ** ((bits % 200) - 123)
      );
    });
    const rounded = await on(backend, () => read(roundToTensorFloat32(tf.tensor1d(values))));
    values.forEach((value, i) => {
      const unit = 2 ** (Math.floor(Math.log2(Math.abs(value))) - 10);
      const [low, high] = [Math.floor(value / unit), Math.ceil(value / unit)];
      const below = value / unit - low;
      const nearest = below < 0.5 || (below === 0.5 && low % 2 === 0) ? low : high;
      expect(rounded[i], `${i}: ${value}`).toBe(nearest * unit);
    });
  });

  test('passes the gradient straight through, and leaks nothing', async () => {
    await start(backend);
    const before = tf.memory().numTensors;
    const dy = await on(backend, () =>
      read(tf.grad((x: tf.Tensor) => roundToBfloat16(x))(tf.tensor1d([1, 2]), tf.tensor1d([0.1234567, -3]))),
    );
    expect([...dy]).toEqual([...Float32Array.of(0.1234567, -3)]);
    expect(tf.memory().numTensors).toBe(before);
    expect(() => roundToBfloat16(tf.tensor1d([1], 'int32'))).toThrow(
      'roundToBfloat16: x must be float32, not int32.',
    );
  });
});

describe.runIf(everyBackend.includes('webgpu'))('webgpu', () => {
  test('packs tensors that are too large to bind in parts', async () => {
    await start('webgpu');
    const runtime = webGpuRuntime(tf.backend());
    const { maxBindingBytes } = runtime;
    try {
      runtime.maxBindingBytes = 4096;
      for (const size of [4001, 4000]) {
        const values = Float32Array.from({ length: size }, (_, i) => i / 7);
        const back = await on('webgpu', () =>
          read(unpackBfloat16(packBfloat16(tf.tensor1d(values)), [size])),
        );
        expect([...back]).toEqual([...valuesOf(toBfloat16(values))]);
      }
    } finally {
      runtime.maxBindingBytes = maxBindingBytes;
    }
  });
});
