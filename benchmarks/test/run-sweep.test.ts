import { expect, test } from 'vitest';
import type { StepReport } from '../src/step/run-step.js';
import { sweepWorkloads, worstRow } from '../src/step/run-sweep.js';
import { DEFAULT_WORKLOAD } from '../src/step/workload.js';

test('changes one thing at a time and measures the base once', () => {
  const rows = sweepWorkloads(DEFAULT_WORKLOAD);
  expect(rows.map(({ what }) => what)).toEqual([
    'as above',
    'batch 1 (LayerNorm alone in the head)',
    ...['batch 8', 'batch 128', 'batch 256'],
    ...['64 px', '224 px'],
    ...['lcnet_035', 'lcnet_100', 'lcnet_150'],
  ]);
  for (const { what, workload } of rows.slice(2)) {
    const changed = Object.entries(workload).filter(
      ([key, value]) => value !== DEFAULT_WORKLOAD[key as keyof typeof workload],
    );
    expect(changed, what).toHaveLength(1);
  }
});

test('finds the worst row, and none without PyTorch', () => {
  const row = (what: string, ratioToPyTorch: number | null) => ({
    what,
    report: { ratioToPyTorch } as StepReport,
  });
  expect(worstRow([row('a', 2), row('b', 0.5), row('c', null), row('d', 1)])).toEqual({
    what: 'b',
    ratioToPyTorch: 0.5,
  });
  expect(worstRow([row('a', null)])).toBeNull();
});
