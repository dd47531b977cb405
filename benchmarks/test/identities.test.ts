import { expect, test } from 'vitest';
import { printIdentities } from '../src/identities/print-identities.js';
import { compare, type IdentitiesReport, type IdentitiesRun } from '../src/identities/run-identities.js';
import { describeMachine } from '../src/measure/machine.js';

const run = (arm: string, seed: number, tpr: number, lossSeconds: number): IdentitiesRun => ({
  arm,
  seed,
  steps: 100,
  classes: 990,
  imagesSeen: 6400,
  tprAtFpr: { '1e-2': 0.9, '1e-3': tpr, '1e-4': 0.1 },
  auroc: 0.99,
  pairs: { positive: 360, negative: 3645 },
  stepSeconds: 50,
  lossSeconds,
});
const runs = [
  run('full', 0, 0.8, 20),
  run('sampled', 0, 0.79, 2),
  run('sampled', 1, 0.83, 5),
  run('full', 1, 0.8, 25),
];

test('compares the arms seed by seed', () => {
  const { tprDifference, lossTimeRatio } = compare(runs);
  expect(tprDifference.low).toBeCloseTo(-0.01);
  expect(tprDifference.high).toBeCloseTo(0.03);
  expect(lossTimeRatio).toMatchObject({ low: 0.1, high: 0.2, repetitions: 2 });
});

test('prints a row for each training, and both comparisons', () => {
  const report: IdentitiesReport = {
    benchmark: 'identities',
    date: '2026-01-01T00:00:00Z',
    machine: describeMachine(),
    identities: 1000,
    sampledClasses: 100,
    arms: [
      { id: 'full', label: 'full softmax', settings: [] },
      { id: 'sampled', label: 'PartialFC', settings: [] },
    ],
    starts: [run('start', 0, 0.4, 9), run('start', 1, 0.5, 9)],
    runs,
    ...compare(runs),
  };
  const text = printIdentities(report);
  expect(text).toContain('1,000 generated documents, 990 of them classes, 100 steps, 6,400 images');
  expect(text).toMatch(
    /\| PartialFC +\| +1 \| +0\.900 \| +0\.830 \| +0\.100 \| +0\.9900 \| +50\.0 \| +10 % \|/,
  );
  expect(text).toContain(
    'the same network, trained on 990 documents in 100 steps. Its TPR@1e-3 on its own held-out documents is 0.450 (0.400 … 0.500).',
  );
  expect(text).toContain('sampled minus full with the same seed: +0.010 (−0.010 … +0.030)');
  expect(text).toContain('sampled over full: 0.150 (0.100 … 0.200)');
});
