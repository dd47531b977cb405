import { Random } from '@unitsphere/core/random';
import { describe, expect, test } from 'vitest';
import { summarize } from '../src/measure/statistics.js';
import type { Alphabet } from '../src/one-shot/alphabets.js';
import { drawTrials } from '../src/one-shot/draw-trials.js';
import { printPairLosses } from '../src/pair-losses/print-pair-losses.js';
import type { PairLossesReport } from '../src/pair-losses/run-pair-losses.js';
import { exceedsPeer, listRows } from '../src/pair-losses/workload.js';

describe('bench pair-losses', () => {
  test('lists every loss at every batch size, and some with the memory', () => {
    const rows = listRows();
    expect(rows.filter(({ memory }) => memory === 0)).toHaveLength(17 * 5);
    expect(rows.filter(({ memory }) => memory > 0)).toHaveLength(3 * 2);
    expect(exceedsPeer({ loss: 'ntxent', batch: 512, memory: 0 })).toBe(true);
    expect(exceedsPeer({ loss: 'supcon', batch: 1024, memory: 0 })).toBe(false);
  });

  test('names the slowest row by processor time, the rows without a peer, and those not measured', () => {
    const timing = (ms: number) => ({
      id: 'x',
      label: 'x',
      stepsPerTurn: 1,
      warmUpSteps: 1,
      loss: 1,
      coresUsed: 1,
      coresOfOthers: 0,
      stepMilliseconds: { ...summarize([ms]), turns: [ms] },
      processorMilliseconds: summarize([ms]),
      footprint: 1e8,
      memory: { peakRss: 1.5e8 },
    });
    const report: PairLossesReport = {
      benchmark: 'pair-losses',
      date: '2026-11-30T00:00:00.000Z',
      machine: { cpu: 'x', cores: 1, memory: 1, platform: 'x', node: 'x', tfjs: 'x' } as never,
      dimensions: 256,
      classes: 1000,
      imagesPerClass: 4,
      memorySize: 65_536,
      rows: [
        {
          loss: 'supcon',
          batch: 64,
          memory: 0,
          ours: timing(2),
          peer: { ...timing(1), coresOfOthers: 2 },
          ratio: summarize([2]),
          processorRatio: 0.5,
        },
        { loss: 'ntxent', batch: 512, memory: 0, ours: timing(2), without: 'it is too large' },
      ],
    };
    const text = printPairLosses(report);
    expect(text).toContain(
      "Lowest by processor time: supcon, batch 64, at 0.500 times the peer's speed. 1 of 1 rows are below 1.",
    );
    expect(text).toContain('ntxent, batch 512: no peer, because it is too large.');
    expect(text).toContain(
      '- Not measured: batch 64: ntxent; batch 128: supcon, ntxent; batch 256: supcon, ntxent; batch 512: supcon; ' +
        'batch 1024: supcon, ntxent; batch 64 with the memory: supcon; batch 256 with the memory: supcon.',
    );
    expect(text).toContain('Warning: other processes kept up to 2.00 cores busy');
  });
});

test('draws one-shot trials of distinct characters by two drawers, the same for a seed', () => {
  const alphabet = (name: string, count: number): Alphabet => ({
    name,
    characters: Array.from({ length: count }, (_, c) => ({
      name: `${c}`,
      drawings: [0, 1, 2].map((drawer) => `${name}/${c}/${drawer}`),
    })),
  });
  const alphabets = [alphabet('a', 6), alphabet('small', 4)];
  const draw = () => drawTrials(alphabets, { ways: 5, trials: 3, random: new Random(1, 'trials') });
  const trials = draw();
  expect(draw()).toEqual(trials);
  expect(trials.map(({ alphabet }) => alphabet)).toEqual(['a', 'a', 'a']);
  for (const { support, queries } of trials) {
    const drawersOf = (paths: string[]) => new Set(paths.map((path) => path.split('/')[2]));
    expect(new Set(support).size).toBe(5);
    expect(drawersOf(support).size).toBe(1);
    expect(drawersOf(queries)).not.toEqual(drawersOf(support));
    expect(queries.map((path) => path.split('/')[1])).toEqual(support.map((path) => path.split('/')[1]));
  }
  expect(() => drawTrials(alphabets, { ways: 7, trials: 1, random: new Random(1, 'x') })).toThrow(
    'No alphabet has 7 characters by two drawers',
  );
});
