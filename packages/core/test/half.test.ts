import { expect, test } from 'vitest';
import { floatToHalf, halfToFloat } from '../src/half.js';

const finite = Array.from({ length: 0x7c00 }, (_, pattern) => pattern);

test('every float16 comes back as it was', () => {
  for (const pattern of finite) {
    expect(floatToHalf(halfToFloat(pattern))).toBe(pattern);
    expect(floatToHalf(halfToFloat(pattern | 0x8000))).toBe(pattern | 0x8000);
  }
});

test('between two float16s the nearer is taken, half-way the even one', () => {
  for (const low of finite.slice(0, -1)) {
    const [a, b] = [halfToFloat(low), halfToFloat(low + 1)];
    const half = (a + b) / 2;
    const beside = half * 2 ** -22;
    expect(floatToHalf(half)).toBe(low % 2 ? low + 1 : low);
    expect(floatToHalf(half - beside)).toBe(low);
    expect(floatToHalf(half + beside)).toBe(low + 1);
  }
});

test('what is too large, and what is no number', () => {
  expect([65504, 65519.99, 65520, 1e30, Number.POSITIVE_INFINITY].map(floatToHalf)).toEqual([
    0x7bff, 0x7bff, 0x7c00, 0x7c00, 0x7c00,
  ]);
  expect(floatToHalf(-65520)).toBe(0xfc00);
  expect(floatToHalf(Number.NaN) & 0x7fff).toBe(0x7e00);
});
