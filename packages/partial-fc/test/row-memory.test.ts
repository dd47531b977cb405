import { expect, test } from 'vitest';
import { RecordLayout, Records } from '../src/file/record.js';
import { RowCache } from '../src/file/row-cache.js';
import { acquireMemory, releaseMemory } from '../src/file/row-memory.js';

test('released memory is reused once, for the same size', () => {
  const first = acquireMemory(1000);
  expect(acquireMemory(1000)).not.toBe(first);
  releaseMemory(first);
  expect(acquireMemory(1004)).not.toBe(first);
  expect(acquireMemory(1000)).toBe(first);
  expect(acquireMemory(1000)).not.toBe(first);
});

test('a cache releases its memory when it grows and when it is closed', () => {
  const layout = new RecordLayout(['weight'], 7);
  const cache = new RowCache(layout, 100, 20, true);
  const small = cache.records.memory!;
  cache.records.rowOf(3, 0).fill(5);
  cache.grow(40);
  expect([...cache.records.rowOf(3, 0)]).toEqual(new Array(7).fill(5));
  expect(new Records(layout, 20, true).memory).toBe(small);
  const large = cache.records.memory!;
  expect(new Records(layout, 40, true).memory).not.toBe(large);
  cache.close();
  expect(new Records(layout, 40, true).memory).toBe(large);
});
