// The tests of shared rows, with the functions of @unitsphere/native. Skipped where the addon is not built.
import { rowFunctions } from '@unitsphere/native';
import { afterAll, expect, test, vi } from 'vitest';

vi.stubEnv('UNITSPHERE_NATIVE', '1');
afterAll(() => vi.unstubAllEnvs());
const native = rowFunctions();

if (native) await import('./shared-rows.test.js');

test.skipIf(!native)('refuses addresses outside the memory, and arrays of other sizes', () => {
  const memory = new Uint8Array(new SharedArrayBuffer(64));
  const gather = (begins: number[], floats: number) =>
    native?.gatherRows(memory, Uint32Array.from(begins), new Float32Array(floats));
  gather([0, 48], 8);
  for (const [begins, floats] of [
    [[0, 52], 8],
    [[2, 0], 8],
    [[0, 48], 7],
    [[], 8],
  ] as const) {
    expect(() => gather([...begins], floats)).toThrow('gatherRows: arguments of other types or sizes');
  }
  const one = Float32Array.of(1);
  const step = (expAvgSq: number, rows: Float32Array) =>
    native?.adamWRows(
      memory,
      Uint32Array.of(0),
      16,
      expAvgSq,
      new Float32Array(4),
      rows,
      one,
      1,
      0.9,
      0.999,
      1e-8,
      1,
    );
  step(32, one);
  expect(() => step(52, one)).toThrow('adamWRows: arguments of other types or sizes');
  expect(() => step(32, Float32Array.of(1, 2))).toThrow('adamWRows: arguments of other types or sizes');
});
