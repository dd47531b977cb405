import { expect, test } from 'vitest';
import { checkFinite, float32, type HostTensor, NonFiniteError } from '../src/index.js';

const check = (tensor: HostTensor) => () =>
  checkFinite(
    new Map([
      ['first', float32([1], Float32Array.of(1))],
      ['w', tensor],
    ]),
    'a file',
  );

test.each<[string, HostTensor, string]>([
  ['F32', float32([3], Float32Array.of(0, 1, Number.NaN)), 'NaN at index 2'],
  ['F32', float32([2], Float32Array.of(Number.NEGATIVE_INFINITY, 1)), '-Infinity at index 0'],
  ['F16', { dtype: 'F16', shape: [2], data: Uint16Array.of(0x7bff, 0x7c00) }, 'Infinity at index 1'],
  ['BF16', { dtype: 'BF16', shape: [2], data: Uint16Array.of(0x7f7f, 0xffc0) }, 'NaN at index 1'],
  ['F64', { dtype: 'F64', shape: [1], data: Float64Array.of(1e300) }, 'Infinity as float32 at index 0'],
])('a value of %s that is not finite is an error with its tensor and source', (_, tensor, value) => {
  expect(check(tensor)).toThrow(NonFiniteError);
  expect(check(tensor)).toThrow(`Tensor "w" of a file has the value ${value}.`);
});

test('finite values and integers of any size are accepted', () => {
  for (const tensor of [
    float32([2], Float32Array.of(3.4e38, -1e-45)),
    { dtype: 'F64', shape: [1], data: Float64Array.of(3e38) },
    { dtype: 'F16', shape: [2], data: Uint16Array.of(0x7bff, 0x8000) },
    { dtype: 'I64', shape: [1], data: BigInt64Array.of(2n ** 62n) },
    { dtype: 'U8', shape: [1], data: Uint8Array.of(255) },
  ] as HostTensor[])
    expect(check(tensor)).not.toThrow();
});
