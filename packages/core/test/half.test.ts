import { expect, test } from 'vitest';
import { floatToHalf, halfToFloat } from '../src/half.js';

const finite = Array.from({ length: 0x7c00 }, (_, pattern) => pattern);

test('preserves every float16 value in a round trip', () => {
  const patterns = [...finite, ...finite.map((pattern) => pattern | 0x8000)];
  expect(patterns.filter((pattern) => floatToHalf(halfToFloat(pattern)) !== pattern)).toEqual([]);
});

test('rounds to nearest, ties to even', () => {
  const wrong = finite.slice(0, -1).filter((low) => {
    const tie = (halfToFloat(low) + halfToFloat(low + 1)) / 2;
    const offset = tie * 2 ** -22;
    const even = low % 2 ? low + 1 : low;
    return (
      floatToHalf(tie) !== even || floatToHalf(tie - offset) !== low || floatToHalf(tie + offset) !== low + 1
    );
  });
  expect(wrong).toEqual([]);
});

test('converts values that are too large to infinity, and keeps NaN', () => {
  expect([65504, 65519.99, 65520, 1e30, Number.POSITIVE_INFINITY].map(floatToHalf)).toEqual([
    0x7bff, 0x7bff, 0x7c00, 0x7c00, 0x7c00,
  ]);
  expect(floatToHalf(-65520)).toBe(0xfc00);
  expect(floatToHalf(Number.NaN) & 0x7fff).toBe(0x7e00);
});
