import { expect, test } from 'vitest';
import { printFirstLosses } from '../src/first-losses/print-first-losses.js';
import { compare, runFirstLosses } from '../src/first-losses/run-first-losses.js';

test('finds the largest relative difference from the first, and its step', () => {
  const [apart] = compare({ wasm: [10, 8, 4, 2, 1], node: [10, 8.004, 4, 2, 0.9999] });
  expect(apart).toMatchObject({ id: 'node', atStep: 2 });
  expect(apart.worst).toBeCloseTo(5e-4, 12);
  expect(apart.at.map(({ step }) => step)).toEqual([1, 5]);
  expect(apart.at[1].relative).toBeCloseTo(1e-4, 12);
});

test('treats a NaN loss as the largest difference', () => {
  const [apart] = compare({ wasm: [10, 8], node: [Number.NaN, 9] });
  expect(apart.worst).toBeNaN();
  expect(apart.atStep).toBe(1);
});

test('trains with `unitsphere train` and stops it after the steps', { timeout: 120_000 }, async () => {
  const report = await runFirstLosses({
    steps: 2,
    lr: [3e-4],
    only: ['wasm-plain'],
    set: ['data.identities=120', 'data.imageSize=32', 'training.batchSize=16'],
  });
  const { losses, apart } = report.comparisons[0];
  expect(Object.values(losses).map(({ length }) => length)).toEqual([2, 2]);
  expect(losses['wasm'][0]).toBeGreaterThan(0);
  // Only the rounding differs.
  expect(apart[0].worst).toBeGreaterThan(0);
  expect(apart[0].worst).toBeLessThan(1e-4);
  const printed = printFirstLosses(report);
  expect(printed).toContain('**documents**, optimizer.lr=0.0003, data.identities=120');
  expect(printed).toMatch(/without fused multiply-add \| +\d\.\de-\d+ \|/);
});
