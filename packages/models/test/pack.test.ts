import { readSafetensors, type StateDict, toFloat32, writeSafetensors } from '@unitsphere/core';
import { expect, onTestFinished, test, vi } from 'vitest';
import { averageStates } from '../scripts/average-states.mjs';
import { toHalfWeights } from '../scripts/to-half-weights.mjs';
import { modelFiles } from '../src/model-files.js';

const stateOf = (...values: number[]): StateDict =>
  new Map([
    ['w', { dtype: 'F32', shape: [values.length], data: Float32Array.from(values) }],
    ['n', { dtype: 'I64', shape: [], data: BigInt64Array.of(BigInt(Math.trunc(values[0]))) }],
  ]);

test('averages weights, and keeps counters', () => {
  const mean = averageStates([stateOf(1, 2), stateOf(3, -2)]);
  expect(mean.get('w')?.data).toEqual(Float32Array.of(2, 0));
  expect(mean.get('n')?.data).toEqual(BigInt64Array.of(1n));
  expect(() => averageStates([stateOf(1), stateOf(1, 2)])).toThrow('The state dicts differ in "w".');
});

test('rounds weights to the nearest float16, ties to even, and refuses what it cannot hold', () => {
  const half = (...values: number[]) => {
    const tensor = readSafetensors(toHalfWeights(writeSafetensors(stateOf(...values)))).tensors.get('w');
    if (!tensor) throw new Error('no tensor "w"');
    expect(tensor.dtype).toBe('F16');
    return [...toFloat32(tensor)];
  };
  expect(half(1, -0.5, 65504, 2 ** -24, 0)).toEqual([1, -0.5, 65504, 2 ** -24, 0]);
  // Between 2048 and 4096, float16 has even integers only.
  expect(half(2049, 2051, 2053.5)).toEqual([2048, 2052, 2054]);
  expect(half(2 ** -25, 1.5 * 2 ** -24)).toEqual([0, 2 ** -23]);
  expect(() => half(65520)).toThrow('w has the value 65520, which float16 cannot hold.');
});

test('decodes the weights when they are first read, with nothing that only Node has', () => {
  const bytes = Uint8Array.from({ length: 1000 }, (_, i) => (i * 37) % 256);
  const packed = { config: {}, preprocessor: {}, weights: Buffer.from(bytes).toString('base64'), card: '' };
  vi.stubGlobal('Buffer', undefined);
  const decode = vi.spyOn(globalThis, 'atob');
  onTestFinished(() => {
    vi.unstubAllGlobals();
    decode.mockRestore();
  });
  const files = modelFiles(packed);
  expect(decode).not.toHaveBeenCalled();
  expect(files['model.safetensors']).toEqual(bytes);
  expect(files['model.safetensors']).toBe(files['model.safetensors']);
  expect(decode).toHaveBeenCalledTimes(1);
});
