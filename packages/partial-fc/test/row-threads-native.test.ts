// The tests of row threads, with records moved by @unitsphere/native. Skipped where the addon is not built.
import { rowFunctions } from '@unitsphere/native';
import { afterAll, expect, test, vi } from 'vitest';

vi.stubEnv('UNITSPHERE_NATIVE', '1');
afterAll(() => vi.unstubAllEnvs());
const moveRows = rowFunctions()?.moveRows;

if (moveRows) await import('./row-threads.test.js');

test.skipIf(!moveRows)('refuses records outside the memory or the request', () => {
  const memory = new Uint8Array(new SharedArrayBuffer(64));
  const move = (slot: number, to: number, recordBytes = 32) => {
    const ints = (value: number) => Int32Array.of(value, value);
    const [slots, outcomes] = [ints(slot), ints(0)];
    const positions = new Float64Array(2);
    moveRows?.(
      memory,
      recordBytes,
      slots,
      ints(-1),
      positions,
      ints(-1),
      ints(-1),
      positions,
      outcomes,
      -1,
      0,
      to,
    );
  };
  move(1, 2);
  expect(() => move(2, 2)).toThrow('moveRows: arguments of other types or sizes');
  expect(() => move(-1, 2)).toThrow('moveRows: arguments of other types or sizes');
  expect(() => move(0, 3)).toThrow('moveRows: arguments of other types or sizes');
  expect(() => move(0, 2, 30)).toThrow('moveRows: arguments of other types or sizes');
});
