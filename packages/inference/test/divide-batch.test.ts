import { expect, test } from 'vitest';
import { divideBatch } from '../src/plan/divide-batch.js';

const counts = (batch: number, threads: number, megabytes: number) =>
  divideBatch(batch, threads, megabytes * 2 ** 20).map(({ count }) => count);

test.each([
  ['small values pass together', 10, 1, 0.1, [3, 3, 4]],
  ['large values pass one by one', 3, 1, 20, [1, 1, 1]],
  ['threads have as many ranges each', 9, 2, 0.1, [2, 2, 2, 3]],
  ['threads share an image that is alone', 1, 2, 0.1, [1]],
  ['threads take an image each', 2, 2, 0.1, [1, 1]],
])('%s', (_, batch, threads, megabytes, expected) => {
  expect(counts(batch, threads, megabytes)).toEqual(expected);
});

test('every image is in one range', () => {
  const ranges = divideBatch(37, 3, 3 << 20);
  let next = 0;
  for (const { first, count } of ranges) {
    expect(first).toBe(next);
    next += count;
  }
  expect(next).toBe(37);
});
