import { expect, test } from 'vitest';
import { halfValues, toHalf } from '../src/cache/half.js';

const finite = Array.from({ length: 0x7c00 }, (_, pattern) => pattern);

test('every float16 comes back as it was', () => {
  const values = halfValues();
  for (const pattern of finite) {
    expect(toHalf(values[pattern]!)).toBe(pattern);
    expect(toHalf(values[pattern | 0x8000]!)).toBe(pattern | 0x8000);
  }
});

test('between two float16s the nearer is taken, half-way the even one', () => {
  const values = halfValues();
  for (const low of finite.slice(0, -1)) {
    const [a, b] = [values[low]!, values[low + 1]!];
    const half = (a + b) / 2;
    const beside = half * 2 ** -22;
    expect(toHalf(half)).toBe(low % 2 ? low + 1 : low);
    expect(toHalf(half - beside)).toBe(low);
    expect(toHalf(half + beside)).toBe(low + 1);
  }
});

test('what is too large, and what is no number', () => {
  expect([65504, 65519.99, 65520, 1e30, Number.POSITIVE_INFINITY].map(toHalf)).toEqual([
    0x7bff, 0x7bff, 0x7c00, 0x7c00, 0x7c00,
  ]);
  expect(toHalf(-65520)).toBe(0xfc00);
  expect(toHalf(Number.NaN) & 0x7fff).toBe(0x7e00);
});
