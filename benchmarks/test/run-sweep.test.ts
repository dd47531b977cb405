import { expect, test } from 'vitest';
import { createSweepWorkloads, findWorstRow } from '../src/step/run-sweep.js';
import type { StepReport } from '../src/step/step-report.js';
import { DEFAULT_WORKLOAD } from '../src/step/workload.js';

test('changes one property at a time, and measures the base once', () => {
  const rows = createSweepWorkloads(DEFAULT_WORKLOAD);
  expect(rows.map(({ what }) => what)).toEqual([
    'base workload',
    'batch 1 (LayerNorm alone in the head)',
    ...['batch 8', 'batch 128', 'batch 256'],
    ...['64 px', '224 px'],
    ...['lcnet_035', 'lcnet_100', 'lcnet_150'],
    ...['mobilenetv4_conv_small', 'resnet18', 'vit_tiny_patch16_224', 'iresnet18 at 112 px'],
  ]);
  // Batch norm has no statistics for one image, and IResNet's pictures have a size of their own.
  for (const { what, workload } of rows.slice(2, -1)) {
    const changed = Object.entries(workload).filter(
      ([key, value]) => value !== DEFAULT_WORKLOAD[key as keyof typeof workload],
    );
    expect(changed, what).toHaveLength(1);
  }
});

test('finds the row with the lowest ratio, and none without PyTorch', () => {
  const row = (what: string, ratioToPyTorch: number | null) => ({
    what,
    report: { ratioToPyTorch } as StepReport,
  });
  expect(findWorstRow([row('a', 2), row('b', 0.5), row('c', null), row('d', 1)])).toEqual({
    what: 'b',
    ratioToPyTorch: 0.5,
  });
  expect(findWorstRow([row('a', null)])).toBeNull();
});
