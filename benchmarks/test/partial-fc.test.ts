import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { useBackend } from '@unitsphere/backends';
import { describe, expect, test } from 'vitest';
import { type Timing, timeContenders } from '../src/measure/time-contenders.js';
import { computeClassesRatios, computeRateRatios } from '../src/partial-fc/compute-ratios.js';
import { readRecordBytes } from '../src/partial-fc/measure-disk.js';
import type { ClassesResult, PartialFCReport, RateResult } from '../src/partial-fc/partial-fc-report.js';
import { selectRateContenders } from '../src/partial-fc/run-partial-fc.js';
import { createDisjointSampler, createUniformSampler } from '../src/partial-fc/samplers.js';
import { type StoreName, startHead } from '../src/partial-fc/start-head.js';
import { CLASSES_WORKLOAD, CYCLE, RATE_WORKLOAD } from '../src/partial-fc/workload.js';
import { fillTables, print } from '../src/readme.js';
import { fake } from './fake.js';

const figures = (id: string, turns: number[], peakRss = 1000, footprint = 100): Timing => ({
  id,
  label: `Head ${id}`,
  stepsPerTurn: 4,
  warmUpSteps: 2,
  loss: 1,
  coresUsed: 1,
  coresOfOthers: 0,
  stepMilliseconds: { median: turns[1], low: 0, high: 99, repetitions: turns.length, turns },
  processorMilliseconds: { median: 1, low: 1, high: 1, repetitions: turns.length, turns },
  footprint,
  memory: { peakRss, rss: 3e6, anonymous: 2e6 },
});

const classes: ClassesResult[] = [
  // Unordered: the comparison must use the number of classes.
  { ...figures('10000000-warm', [11, 24, 30]), classes: 10_000_000, cold: false },
  { ...figures('10000-warm', [10, 20, 30]), classes: 10_000, cold: false },
  { ...figures('10000-cold', [10, 10, 10]), classes: 10_000, cold: true },
  { ...figures('1000000-cold', [99, 99, 99]), classes: 1_000_000, cold: true },
  { ...figures('10000000-cold', [20, 30, 40]), classes: 10_000_000, cold: true },
];
const rate: RateResult[] = [
  { ...figures('full', [100, 120, 140], 4100), role: 'full' },
  { ...figures('device', [10, 10, 10], 4100), role: 'device' },
  { ...figures('host', [25, 24, 20], 3100), role: 'host' },
  { ...figures('file', [20, 20, 20], 1100, 300), role: 'file' },
  { ...figures('pytorch-tape-fused', [50, 50, 50]), role: 'pytorch' },
  { ...figures('pytorch-quick', [30, 20, 10]), role: 'pytorch' },
  // Compared by processor time only.
  { ...figures('pytorch-one-thread', [5, 5, 5]), role: 'pytorch' },
];

describe('bench partial-fc', () => {
  test('compares the most classes with the fewest, turn by turn', () => {
    const { ratioWarm, ratioCold, ratios } = computeClassesRatios(classes);
    expect(ratioWarm).toBeCloseTo(1.1, 10);
    expect(ratios.warm).toMatchObject({ low: 1, high: 1.2, repetitions: 3 });
    expect(ratioCold).toBe(3);
    expect(() => computeClassesRatios(classes.filter(({ cold }) => !cold))).toThrow(
      'results with a cold cache are missing',
    );
  });

  test("compares each store with the full softmax and PyTorch's fastest setting, and reports the file store's ratios", () => {
    const ratios = computeRateRatios(rate);
    expect(ratios).toMatchObject({
      ratioToFullSoftmax: 6,
      workingMemoryRatioToFullSoftmax: 0.2,
      ratioToPyTorch: 2,
      fastest: 'device',
      pytorch: 'pytorch-quick',
    });
    expect(ratios.ours).toHaveLength(3);
    const find = (store: StoreName) => ratios.ours.find((one) => one.store === store);
    expect(find('device')).toMatchObject({
      ranks: 1,
      ratioToFullSoftmax: { median: 12, low: 10, high: 14 },
      memoryRatioToFullSoftmax: 1,
      ratioToPyTorch: { median: 2 },
      ratioToPublished: { median: 5 },
    });
    expect(find('host')).toMatchObject({ ratioToFullSoftmax: { median: 5 } });
    expect(find('file')).toMatchObject({ processorRatioToPyTorch: { median: 0.25 } });
    expect(ratios.memoryRatioToFullSoftmax).toBeCloseTo(1100 / 4100, 10);
    const alone = computeRateRatios(rate.filter(({ role }) => role !== 'pytorch'));
    expect(alone).toMatchObject({ ratioToPyTorch: null, pytorch: null });
    expect(alone.ours[0]).toMatchObject({ ratioToPyTorch: null, ratioToPublished: null });
    expect(() => computeRateRatios(rate.filter(({ role }) => role !== 'full'))).toThrow(
      'results of the full softmax are missing',
    );
  });

  test('prints both parts, or the only one measured, between markers', () => {
    const summary = { median: 5, low: 4, high: 6, repetitions: 3 };
    const report: PartialFCReport = {
      benchmark: 'partial-fc',
      date: '2026-01-02T03:04:05Z',
      machine: { cpu: 'a cpu', cores: 2, memoryBytes: 2 ** 34, system: 'Linux x64', node: 'v22', tfjs: '4' },
      pace: { rounds: 3, turnSeconds: 1, warmUpSteps: 2, slowRounds: 1 },
      classes: {
        ...computeClassesRatios(classes),
        workload: CLASSES_WORKLOAD,
        results: classes,
        disk: { recordBytes: 3088, bytesPerStep: 3_088_000, oneReader: summary, fourReaders: summary },
      },
      rate: {
        ...computeRateRatios(rate),
        workload: RATE_WORKLOAD,
        results: rate,
        pytorchVersion: '9.8.7',
        absent: { 'pytorch-gone': 'PyTorch: no torch. Install it.' },
      },
    };
    const text = print(report);
    expect(text).toContain('`ratioWarm` 1.10 (1.00–1.20), `ratioCold` 3.00 (2.00–4.00)');
    expect(text).toContain('1,000 records of 3,088 bytes, 3.1 MB');
    expect(text).toContain('| Head 10000000-cold ');
    expect(text).toMatch(
      /- centers in a file, 1 rank: `ratioToFullSoftmax` 6\.00 .*`memoryRatioToFullSoftmax` 0\.268 \(0\.200 .*\), `ratioToPyTorch` 1\.00 .*, `ratioToPublished` 2\.50/,
    );
    expect(text).toContain('AdamW on the sampled rows, float32. PyTorch 9.8.7.');
    expect(text).toContain('- Absent: PyTorch: no torch. Install it.');
    const older = { ...report.classes!, date: '2025-12-31T03:04:05Z' };
    expect(print({ ...report, classes: older })).toContain('sampled rows, float32. Measured 2025-12-31.');
    const { rate: _, ...half } = report;
    expect(print(half)).not.toMatch(/full softmax/i);
    expect(
      fillTables('<!-- bench partial-fc -->\n<!-- /bench partial-fc -->', { 'partial-fc': half }),
    ).toContain('Measured 2026-01-02.');
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  test('selects contenders, and requires those of the ratios', () => {
    const selected = selectRateContenders('/tmp', ['unitsphere-full', 'unitsphere-file', 'pytorch-by-hand']);
    expect(selected.map(({ id }) => id)).toEqual(['unitsphere-full', 'unitsphere-file', 'pytorch-by-hand']);
    expect(() => selectRateContenders('/tmp', ['pytorch'])).toThrow('must include unitsphere-full');
    expect(() => selectRateContenders('/tmp', ['nothing'])).toThrow('Unknown contender "nothing"');
  });

  test('times contenders and names the absent ones', async () => {
    const { timed, absent } = await timeContenders(
      [fake('quick', { ms: 5 }), fake('slow', { ms: 10 }), fake('gone', { absent: 'no adapter' })],
      { rounds: 2, turnSeconds: 0.02, warmUpSteps: 2, slowRounds: 1 },
      () => undefined,
    );
    expect(timed.map(({ spec, timing }) => [spec.id, timing.stepMilliseconds.turns])).toEqual([
      ['quick', [5, 5]],
      ['slow', [10, 10]],
    ]);
    expect(timed[0].timing).toMatchObject({ footprint: 1000, memory: { rss: 2000 } });
    expect(absent).toEqual({ gone: 'Fake gone: no adapter' });
  });
});

describe('the samplers of bench partial-fc', () => {
  const workload = { classes: 500, dimensions: 4, batch: 8, sampled: 60 };

  test('samples no class twice in a cycle, in ascending order and including the labels', () => {
    const { sampler, labels } = createDisjointSampler(workload, 1);
    const samples = Array.from({ length: CYCLE }, (_, i) => [...sampler.sample(labels(i), i)]);
    expect(new Set(samples.flat()).size).toBe(CYCLE * 60);
    samples.forEach((sample, i) => {
      expect(sample).toEqual([...sample].sort((a, b) => a - b));
      for (const label of labels(i)) expect(sample).toContain(label);
      // Rows are read ahead before the labels are known, so the sample must not depend on them.
      expect([...sampler.sample(new Int32Array(0), i + CYCLE)]).toEqual(sample);
    });
    expect(() => createDisjointSampler({ ...workload, sampled: 63 }, 1)).toThrow(
      'classes must be at least 504 for 8 steps of 63 different classes, not 500',
    );
  });

  test('repeats the samples after a cycle, and samples all classes for the full softmax', () => {
    const { sampler, labels } = createUniformSampler(workload, 1);
    expect(sampler.sample(labels(3), 3)).toEqual(sampler.sample(labels(3 + CYCLE), 3 + CYCLE));
    expect(sampler.sample(labels(3), 3)).not.toEqual(sampler.sample(labels(4), 4));
    expect(createUniformSampler({ ...workload, sampled: 500 }, 1).sampler.samplesAll).toBe(true);
  });
});

describe('the step of bench partial-fc', () => {
  const losses = async (store: StoreName, cold: boolean): Promise<number[]> => {
    const folder = mkdtempSync(join(tmpdir(), 'head-'));
    try {
      const head = await startHead({
        ...{ classes: 400, dimensions: 8, batch: 4, sampled: 20, disjoint: true },
        ...{ store, path: join(folder, 'centers'), cold },
      });
      const all: number[] = [];
      // Continues past the end of a cycle, where a cold run drops its caches.
      for (let i = 0; i < CYCLE + 2; i++) {
        await head.prepare?.();
        all.push(await head.step());
      }
      expect(head.memory?.().wasmHeap).toBeGreaterThan(0);
      await head.stop?.();
      return all;
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  test('has the same losses with each store, warm or cold', async () => {
    await useBackend('wasm');
    const device = await losses('device', false);
    expect(new Set(device).size).toBe(CYCLE + 2);
    expect(await losses('host', false)).toEqual(device);
    expect(await losses('file', false)).toEqual(device);
    expect(await losses('file', true)).toEqual(device);
  });

  test('knows the bytes of a record from the size of the center file', async () => {
    await useBackend('wasm');
    const folder = mkdtempSync(join(tmpdir(), 'head-'));
    try {
      const [path, classes, dimensions] = [join(folder, 'centers'), 10_000, 8];
      const head = await startHead({ classes, dimensions, batch: 4, sampled: 20, store: 'file', path });
      await head.stop?.();
      // float32 center and two moments of AdamW, and 16 bytes of bookkeeping.
      expect(readRecordBytes(path, classes)).toBe(3 * 4 * dimensions + 16);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
