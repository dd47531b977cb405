import { expect, test } from 'vitest';
import { gigabitsOf, predictStep } from '../src/mpi/predict-step.js';
import { readTurns } from '../src/mpi/run-mpi.js';

const COSTS = { computeMs: 100, gradientBytes: 4e6, images: 16, embeddingSize: 128 };

test('one host exchanges nothing', () => {
  expect(predictStep(COSTS, { gigabits: 1, latencyMs: 0.1 }, 1)).toBe(100);
});

test('two hosts send the gradient once, and embeddings twice', () => {
  const bytes = 40e6 + 2 * 16 * 128 * 4;
  const costs = { ...COSTS, gradientBytes: 40e6 };
  // The backward pass hides half of a step.
  const carried = predictStep(costs, { gigabits: 1, latencyMs: 0 }, 2) - 100 + 50;
  // A link of 1 Gbit/s carries 125,000 bytes per millisecond with its frames.
  expect(carried).toBeCloseTo((bytes / 125_000) * (1538 / 1448), 6);
  expect(gigabitsOf(bytes, carried)).toBeCloseTo(1, 9);
});

test('the backward pass hides gradients that move faster than it computes', () => {
  const link = { gigabits: 1, latencyMs: 0 };
  const embeddings = predictStep({ ...COSTS, gradientBytes: 0 }, link, 2);
  expect(predictStep(COSTS, link, 2)).toBeCloseTo(embeddings, 9);
  expect(embeddings).toBeGreaterThan(100);
});

test('latencies grow with the logarithm of the hosts', () => {
  const fast = { gigabits: 1e9, latencyMs: 1 };
  // 8 calls, two more exchanges for the gradient, one each for the embeddings and their gradient.
  expect(predictStep(COSTS, fast, 2) - 100).toBeCloseTo(12, 3);
  // With 64 images, the softmax's three doubles per image no longer fit in one exchange.
  expect(predictStep(COSTS, fast, 4) - 100).toBeCloseTo(2 * 14, 3);
});

test('reads the lines of the program that times all-reduces', () => {
  expect(readTurns('1024 4.5 0.5\n2048 6 1\n')).toEqual([
    { bytes: 1024, ours: 4.5, theirs: 0.5 },
    { bytes: 2048, ours: 6, theirs: 1 },
  ]);
});
