import { expect, test } from 'vitest';
import { printPrecision } from '../src/precision/print-precision.js';
import { printPrecisionLosses } from '../src/precision/print-precision-losses.js';
import { createPrecisionContenders, runPrecision } from '../src/precision/run-precision.js';
import { runPrecisionLosses } from '../src/precision/run-precision-losses.js';
import { DEFAULT_WORKLOAD, type Workload } from '../src/step/workload.js';
import { fake } from './fake.js';

const pace = { rounds: 2, turnSeconds: 0.1, warmUpSteps: 2, slowRounds: 1 };

test('compares the turns of each backend, and measures the memory with larger batches', async () => {
  const batches: number[] = [];
  const createContenders = (_: readonly string[], { batch }: Workload) => {
    batches.push(batch);
    return [
      { ...fake('wasm-highest', { ms: 10 }), backend: 'wasm', mode: 'highest' as const },
      { ...fake('wasm-medium', { ms: 20 }), backend: 'wasm', mode: 'medium' as const },
      { ...fake('webgpu-highest', { ms: 10 }), backend: 'webgpu', mode: 'highest' as const },
    ];
  };
  const report = await runPrecision(['wasm'], DEFAULT_WORKLOAD, pace, undefined, createContenders);
  expect(batches).toEqual([32, 128]);
  expect(report.ratios).toMatchObject({ wasm: { medium: { median: 0.5, repetitions: 2 } } });
  expect(Object.keys(report.ratios)).toEqual(['wasm']);
  expect(report.memory.map(({ id }) => id)).toEqual(['wasm-highest', 'wasm-medium', 'webgpu-highest']);
  const printed = printPrecision(report);
  expect(printed).toContain(
    '- wasm, images/s of `medium` over `highest`: 0.500 (0.500–0.500), 2 pairs of turns',
  );
  expect(printed).toContain('Memory of the same step with a batch of 128:');
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});

test('compares trainings with the same seed', { timeout: 240_000 }, async () => {
  const set = ['data.identities=40', 'data.imageSize=32', 'training.batchSize=16'];
  const report = await runPrecisionLosses({ backends: ['wasm'], steps: 2, seeds: 1, set });
  const [training] = report.trainings;
  expect(training.losses.highest).toBeGreaterThan(0);
  for (const mode of ['medium', 'mixed'] as const) {
    expect(training.differences[mode]).not.toBe(0);
    expect(Math.abs(training.differences[mode]!)).toBeLessThan(0.1);
  }
  const printed = printPrecisionLosses(report);
  expect(printed).toContain('2 steps of a training on generated documents (data.identities=40, ');
  expect(printed).toMatch(/- wasm, `mixed`: mean difference of -?\d\.\d\d % over 1 seeds/);
});

test('creates a contender for each backend and mode', () => {
  const specs = createPrecisionContenders(['wasm', 'webgpu'], DEFAULT_WORKLOAD);
  expect(specs.map(({ id }) => id)).toEqual([
    'wasm-highest',
    'wasm-medium',
    'wasm-mixed',
    'webgpu-highest',
    'webgpu-medium',
    'webgpu-mixed',
  ]);
  expect(specs[5].args.slice(-4)).toEqual(['--precision', 'medium', '--activations', 'bfloat16']);
});
