import { expect, test } from 'vitest';
import { RecordLayout, Records } from '../src/file/record.js';
import { RowCache } from '../src/file/row-cache.js';
import { acquireMemory, releaseMemory } from '../src/file/row-memory.js';

test('released memory is reused once, and grows if it is too small', () => {
  const first = acquireMemory(1000);
  expect(acquireMemory(1000)).not.toBe(first);
  releaseMemory(first);
  expect(acquireMemory(2_000_004)).toBe(first);
  expect(first.bytes).toBe(2_000_004);
  expect(first.buffer.byteLength).toBeGreaterThan(2_000_004);
  expect(acquireMemory(1000)).not.toBe(first);
});

test('a cache grows in its memory, and releases it when it is closed', () => {
  const layout = new RecordLayout(['weight'], 7);
  const cache = new RowCache(layout, 100, 20, true);
  const memory = cache.records.memory!;
  cache.records.rowOf(3, 0).fill(5);
  cache.grow(40);
  expect(cache.records.memory).toBe(memory);
  expect(cache.records.size).toBe(40);
  expect([...cache.records.rowOf(3, 0)]).toEqual(new Array(7).fill(5));
  cache.records.rowOf(39, 0).fill(6);
  expect(new Records(layout, 40, true).memory).not.toBe(memory);
  cache.close();
  expect(new Records(layout, 40, true).memory).toBe(memory);
});
