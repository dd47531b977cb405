/** Rounding to bfloat16 bit for bit as PyTorch's, and to TensorFloat-32 by its definition. */
import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { readGolden } from '../../../tools/golden/read';
import { everyBackend, on, read, start } from '../../../tools/workspace/backends';
import { roundToBfloat16, roundToTensorFloat32, toBfloat16 } from '../src/index';

interface Case {
  name: string;
  lower: number;
  sha256: string;
  nans: number;
}
const { cases } = readGolden<Case>('bfloat16');

/** Every upper half of a float's bits, with one lower half. */
const floats = (lower: number) =>
  new Float32Array(Uint32Array.from({ length: 1 << 16 }, (_, upper) => (upper << 16) | lower).buffer);
const bitsOf = (values: Float32Array) => new Uint32Array(values.slice().buffer);
const sha256 = (patterns: Uint16Array) => createHash('sha256').update(patterns).digest('hex');

test.each(cases)('toBfloat16: $name', ({ lower, sha256: expected, nans }) => {
  const patterns = toBfloat16(floats(lower));
  expect(sha256(patterns)).toBe(expected);
  expect(patterns.filter((bits) => (bits & 0x7fff) > 0x7f80).length).toBe(nans);
});

test('toBfloat16 reads a part of a buffer', () => {
  const whole = Float32Array.of(9, 1, 1.00390625, 1.01171875, 9);
  // The latter two are ties: to the even neighbour.
  expect([...toBfloat16(whole.subarray(1, 4))]).toEqual([0x3f80, 0x3f80, 0x3f82]);
});

describe.each(everyBackend)('%s', (backend) => {
  test.each(cases)('roundToBfloat16: $name', async ({ lower, sha256: expected }) => {
    const rounded = await on(backend, () => read(roundToBfloat16(tf.tensor1d(floats(lower)))));
    const bits = bitsOf(rounded);
    expect(bits.every((value) => (value & 0xffff) === 0)).toBe(true);
    expect(sha256(Uint16Array.from(bits, (value) => value >>> 16))).toBe(expected);
  });

  // Not a multiple of the vector width, so that kernels' ends are seen too.
  test('roundToTensorFloat32 is the nearest value of 10 stored bits, ties to even', async () => {
    const values = Float32Array.from({ length: 4099 }, (_, i) => {
      const bits = Math.imul(i + 1, 2654435761) >>> 0;
      // A third of them ties, the exponents of normal numbers.
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

  test('the gradient passes straight through, and nothing leaks', async () => {
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
