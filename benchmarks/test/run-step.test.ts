import { describe, expect, test } from 'vitest';
import { listPeers, printStep } from '../src/step/print-step.js';
import { runStep } from '../src/step/run-step.js';
import { DEFAULT_WORKLOAD } from '../src/step/workload.js';
import { fake } from './fake.js';

const pace = { rounds: 2, turnSeconds: 0.1, warmUpSteps: 2, slowRounds: 1 };

describe('bench step', () => {
  test('compares our fastest with the fastest setting of each peer', async () => {
    const report = await runStep(
      [
        fake('unitsphere-wasm', { ms: 20 }),
        fake('unitsphere-wasm-2', { ms: 10 }),
        fake('unitsphere-webgpu', { ms: 4 }, { backend: 'webgpu' }),
        fake('pytorch-eager', { ms: 8 }, { family: 'pytorch', backend: 'cpu' }),
        fake('pytorch-channels-last', { ms: 5 }, { family: 'pytorch', backend: 'cpu' }),
        fake('pytorch-compiled', { ms: 1 }, { family: 'pytorch', backend: 'cpu', extra: true }),
        fake('stock-cpu', { ms: 1000 }, { family: 'stock', backend: 'cpu' }),
        fake('stock-webgpu', { ms: 12 }, { family: 'stock', backend: 'webgpu' }),
      ],
      DEFAULT_WORKLOAD,
      pace,
    );
    expect(report).toMatchObject({
      benchmark: 'step',
      workload: DEFAULT_WORKLOAD,
      // The compiled setting is extra and excluded from the ratios.
      ratioToPyTorch: 0.5,
      ratioToStockCpu: 100,
      ratioToStockWebgpu: 3,
      ratios: {
        ratioToPyTorch: { ours: 'unitsphere-wasm-2', theirs: 'pytorch-channels-last', repetitions: 2 },
        ratioToStockCpu: { repetitions: 1 },
      },
    });
    // 2 steps of warm-up, and 2 turns of 10 or 20 steps.
    expect(report.peakMemoryRatioToPyTorch).toBeCloseTo((3000 + 22) / (3000 + 42), 10);
    expect(report.workingMemoryRatioToPyTorch).toBeCloseTo((2000 + 22) / (2000 + 42), 10);
    expect(Object.keys(report.machine).sort()).toEqual(
      ['cpu', 'cores', 'memoryBytes', 'system', 'node', 'tfjs'].sort(),
    );
    expect(report.contenders[0]).toMatchObject({
      stepMilliseconds: { median: 20, low: 20, high: 20, repetitions: 2, turns: [20, 20] },
      imagesPerSecond: { median: 1600 },
      stepsPerTurn: 5,
      footprint: 1000,
    });
    const text = printStep(report);
    expect(text).toContain('| Fake unitsphere-wasm-2 ');
    expect(text).toContain(
      '`ratioToPyTorch` 0.500 (0.500–0.500): images/s of unitsphere-wasm-2 over those of pytorch-channels-last, 2 pairs of turns',
    );
  });

  test('compares bfloat16 products with float32 and with autocast where they are selected', async () => {
    const pytorch = { family: 'pytorch', backend: 'cpu', extra: true } as const;
    const report = await runStep(
      [
        fake('unitsphere-native', { ms: 20, processor: 20 }, { backend: 'native' }),
        fake('unitsphere-native-2', { ms: 12, processor: 24 }, { backend: 'native' }),
        fake('unitsphere-native-medium', { ms: 15, processor: 10 }, { backend: 'native', extra: true }),
        fake('unitsphere-native-2-medium', { ms: 8, processor: 16 }, { backend: 'native', extra: true }),
        fake('pytorch-autocast', { ms: 10, processor: 90 }, pytorch),
        fake('pytorch-autocast-one-thread', { ms: 40, processor: 40 }, pytorch),
      ],
      DEFAULT_WORKLOAD,
      pace,
    );
    expect(report.ratioToPyTorch).toBeNull();
    const ours = 'unitsphere-native-2-medium';
    const theirs = 'unitsphere-native-2';
    expect(report.ratios).toMatchObject({
      mediumRatio: { median: 1.5, ours, theirs },
      mediumProcessorRatio: { median: 1.5, ours, theirs, byProcessor: true },
      mediumRatioToAutocast: { median: 1.25, ours, theirs: 'pytorch-autocast' },
      mediumProcessorRatioToAutocast: { median: 2.5, theirs: 'pytorch-autocast-one-thread' },
    });
    expect(printStep(report)).toContain(
      '`mediumProcessorRatio` 1.50 (1.50–1.50): images/s of processor time of unitsphere-native-2-medium over those of unitsphere-native-2',
    );
  });

  test('names the absent contender, and its ratios are null', async () => {
    const report = await runStep(
      [
        fake('unitsphere-wasm'),
        fake('pytorch-eager', {}, { command: 'no-such-python', remedy: 'Install it.' }),
      ],
      DEFAULT_WORKLOAD,
      pace,
    );
    expect(report.ratioToPyTorch).toBeNull();
    expect(report.peakMemoryRatioToPyTorch).toBeNull();
    expect(report.absent['pytorch-eager']).toContain('Install it.');
    expect(printStep(report)).toContain('- Absent: Fake pytorch-eager: the process could not be started');
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  test('names the version of each peer once', async () => {
    const report = await runStep([fake('a'), fake('b')], DEFAULT_WORKLOAD, pace);
    const [a, b] = report.contenders;
    expect(listPeers([a, b])).toEqual([]);
    const pytorch = { ...a, description: { name: 'PyTorch', version: '9.8.7', timm: '6.5.4' } };
    const jaxJs = { ...b, description: { name: '@jax-js/jax', version: '0.1' } };
    expect(listPeers([pytorch, pytorch, jaxJs])).toEqual([
      '- Peers: PyTorch 9.8.7 with timm 6.5.4; @jax-js/jax 0.1.',
    ]);
    expect(printStep({ ...report, contenders: [pytorch, jaxJs] })).toContain('\n- Peers: PyTorch 9.8.7');
  });

  test('ends every process when one of them dies', async () => {
    await expect(runStep([fake('a'), fake('b', { 'die-after': 1 })], DEFAULT_WORKLOAD, pace)).rejects.toThrow(
      'Fake b: the process ended with status 3',
    );
  });
});
