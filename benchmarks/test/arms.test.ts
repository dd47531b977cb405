import { expect, test } from 'vitest';
import { printArms } from '../src/arms/print-arms.js';
import { type ArmRun, type ArmsReport, compareArms } from '../src/arms/run-arms.js';
import { describeMachine } from '../src/measure/machine.js';

const run = (arm: string, seed: number, tpr: number, gradientRatio?: number): ArmRun => ({
  arm,
  seed,
  steps: 100,
  classes: 345,
  imagesSeen: 3200,
  tprAtFpr: { '1e-2': 0.9, '1e-3': tpr },
  auroc: 0.99,
  pairs: { positive: 5292, negative: 869211 },
  stepSeconds: 50,
  lastLoss: 1,
  ...(gradientRatio !== undefined && { gradientRatio }),
});
const arms = [
  { id: 'none', label: 'classes alone', settings: [] },
  {
    id: 'kl',
    label: 'with a teacher, kl',
    settings: ['distillation={ teacher: { onnx: t.onnx }, loss: kl }'],
  },
];
const runs = [run('none', 0, 0.1), run('kl', 0, 0.3, 0.5), run('none', 1, 0.2), run('kl', 1, 0.25, 0.4)];

test('compares every arm with the first, seed by seed', () => {
  const { kl } = compareArms(arms, runs);
  expect(kl.low).toBeCloseTo(0.05);
  expect(kl.high).toBeCloseTo(0.2);
  expect(Object.keys(compareArms(arms, runs))).toEqual(['kl']);
});

test('prints a row for each training, a row for each arm, and the differences', () => {
  const report: ArmsReport = {
    benchmark: 'distillation',
    date: '2026-01-01T00:00:00Z',
    machine: describeMachine(),
    config: 'configs/distillation.yaml',
    settings: ['data.path=cards'],
    arms,
    runs,
    tprDifferences: compareArms(arms, runs),
  };
  const text = printArms(report);
  expect(text).toContain(
    '`configs/distillation.yaml` with `data.path=cards`; 345 classes, 100 steps, 3,200 images',
  );
  expect(text).toMatch(
    /\| with a teacher, kl +\| +1 \| +0\.900 \| +0\.250 \| +0\.9900 \| +0\.400 \| +500 \|/,
  );
  expect(text).toMatch(/\| classes alone +\| +0 \|.*\| +– \|/);
  expect(text).toMatch(/\| classes alone +\| +0\.900 \(0\.900–0\.900\) \| +0\.150 \(0\.100–0\.200\) \|/);
  expect(text).toContain(
    '“with a teacher, kl” minus “classes alone” with the same seed: +0.125 (+0.050 … +0.200)',
  );
  expect(text).toContain('- Settings of “classes alone”: those of the config');
});
