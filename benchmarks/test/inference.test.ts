import { expect, test } from 'vitest';
import { printInference } from '../src/inference/print-inference.js';
import { runInference } from '../src/inference/run-inference.js';

test('times one image on our kernels and on the exported files', { timeout: 60_000 }, async () => {
  const options = { backbones: ['lcnet_035' as const], imageSize: 32, rounds: 2, turnSeconds: 0.02 };
  const peers = new URL('../../tools/peers/package.json', import.meta.url);
  const report = await runInference(options, undefined, peers);
  const [{ contenders }] = report.models;
  expect(contenders.map(({ label }) => label)).toEqual([
    'unitsphere, wasm',
    'onnxruntime-node, float32',
    'onnxruntime-node, float16',
    'onnxruntime-node, int8',
  ]);
  for (const { milliseconds } of contenders) expect(milliseconds.median).toBeGreaterThan(0);
  expect(contenders[1].ratio.median).toBe(1);
  expect(contenders[1].cosine).toBeGreaterThan(0.9999);
  const table = printInference(report);
  expect(table).toContain('| lcnet_035 | onnxruntime-node, int8');
  expect(table).toContain('on one thread, with onnxruntime-node 1.');
});
