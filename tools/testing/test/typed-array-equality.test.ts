import { expect, test } from 'vitest';

const large = (last: number) => {
  const values = new Float32Array(2_000_000);
  values[values.length - 1] = last;
  return values;
};

test('toEqual compares large typed arrays, also within objects', () => {
  expect({ all: [large(1)] }).toEqual({ all: [large(1)] });
  expect({ all: [large(1)] }).not.toEqual({ all: [large(2)] });
  expect(() => expect(Float32Array.of(1, 2)).toEqual(Float32Array.of(1, 3))).toThrow('3');
});

test('toEqual tells 0 from -0, lengths and types apart, and takes NaN as equal to NaN', () => {
  const other = new Float32Array(Uint32Array.of(0x7fc00001).buffer);
  expect(Float32Array.of(Number.NaN)).toEqual(other);
  for (const [a, b] of [
    [Float32Array.of(0), Float32Array.of(-0)],
    [Float32Array.of(1), Float32Array.of(1, 1)],
    [Int32Array.of(1), Uint32Array.of(1)],
    [Uint8Array.of(1), Buffer.of(1)],
    [Float32Array.of(1), [1]],
  ]) {
    expect(a).not.toEqual(b);
    expect(a).not.toStrictEqual(b);
  }
});
