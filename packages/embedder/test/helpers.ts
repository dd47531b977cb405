import { Random } from '@unitsphere/core/random';
import type { RgbImage } from '@unitsphere/images';
import { expect } from 'vitest';
import type { EmbedderOptions } from '../src/index.js';

/** A network that is fast to create and to run. */
export const SMALL: EmbedderOptions = { backbone: 'lcnet_035', imageSize: 32, embeddingSize: 16 };

/** An image of random bytes. */
export function noise(seed: number, width = 32, height = 32): RgbImage {
  const random = new Random(seed, 'noise');
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, () => random.int(256)) };
}

/** Expects values that differ by rounding only. */
export function expectClose(actual: Float32Array, expected: Float32Array): void {
  expect(actual).toHaveLength(expected.length);
  expect(Math.max(...actual.map((value, i) => Math.abs(value - (expected[i] ?? Number.NaN))))).toBeLessThan(
    1e-5,
  );
}

/** Expects equal bits. */
export function expectEqual(actual: Float32Array, expected: Float32Array): void {
  expect(Buffer.from(actual.buffer, actual.byteOffset, actual.byteLength)).toEqual(
    Buffer.from(expected.buffer, expected.byteOffset, expected.byteLength),
  );
}
