import { expect, test } from 'vitest';
import { opCases } from '../src/ops/cases.js';
import { computeBound, type Limits } from '../src/ops/limits.js';
import { runOps } from '../src/ops/run-ops.js';
import { print } from '../src/readme.js';

const limits: Limits = {
  flopsPerSecond: 1e9,
  bandwidth: [
    { bytes: 1e3, bytesPerSecond: 1e10 },
    { bytes: 1e6, bytesPerSecond: 1e9 },
  ],
};

test('takes the slower of memory and arithmetic as the bound, with the bandwidth of copies of that size', () => {
  expect(computeBound({ bytes: 1e6, flops: 0 }, limits)).toBeCloseTo(1, 10);
  expect(computeBound({ bytes: 1e6, flops: 2e6 }, limits)).toBeCloseTo(2, 10);
  // Closer to 1e3 than to 1e6 on a logarithmic scale.
  expect(computeBound({ bytes: 2e3, flops: 0 }, limits)).toBeCloseTo(2e-4, 10);
});

test('counts the cost of a convolution', () => {
  const stem = opCases[0];
  expect(stem.name).toBe('conv 3×3, stride 2, 3→8 at 128×128');
  expect(stem.forward).toEqual({
    flops: 2 * 32 * 64 * 64 * 8 * 27,
    bytes: 4 * (32 * 128 * 128 * 3 + 27 * 8 + 32 * 64 * 64 * 8),
  });
});

test('measures the additional operations of other backbones', async () => {
  const few = opCases.filter(({ name }) => /PReLU, (64|256) at 8|^scale each sample/.test(name));
  expect(few.map(({ name }) => name)).toEqual([
    'batch norm + PReLU, 256 at 8×8',
    'scale each sample, 64 at 16×16',
  ]);
  const report = await runOps(['wasm'], 1, () => undefined, few);
  for (const { name, forward, withGradient } of report.backends[0].ops) {
    for (const times of [forward, withGradient!]) {
      expect(times.ours.median, name).toBeGreaterThan(0);
      expect(times.stock!.median, name).toBeGreaterThan(0);
      expect(times.fractionOfLimit, name).toBeGreaterThan(0);
    }
  }
});

test('measures our and the stock kernels, marks missing stock kernels, and names an absent backend', async () => {
  const few = opCases.filter(({ name }) => /^conv 1×1, 256|^layer norm|^AdamW/.test(name));
  expect(few).toHaveLength(3);
  const report = await runOps(['wasm', 'cuda'], 1, () => undefined, few);
  const [wasm] = report.backends;
  expect(wasm.name).toBe('wasm');
  expect(wasm.limits.flopsPerSecond).toBeGreaterThan(0);
  const [conv, norm, adamW] = wasm.ops;
  expect(conv.forward.stock!.median).toBeGreaterThan(0);
  expect(conv.withGradient).toMatchObject({ stock: null, ratioToStock: null });
  expect(norm.withGradient!.stock!.median).toBeGreaterThan(0);
  expect(adamW.withGradient).toBeNull();
  expect(conv.forward.fractionOfLimit).toBeCloseTo(conv.forward.bound / conv.forward.ours.low, 10);
  expect(report.absent['cuda']).toContain('cuda');
  expect(print(report)).toContain('no kernel');
});
