import { expect, test } from 'vitest';
import { printEngines } from '../src/inference/print-engines.js';
import { runEngines } from '../src/inference/run-engines.js';

test('times a compiled network beside ONNX Runtime, with equal embeddings', { timeout: 60_000 }, async () => {
  const options = { networks: ['lcnet_035@32'], batches: [2], threads: 1, rounds: 2, turnSeconds: 0.02 };
  const peers = new URL('../../tools/peers/package.json', import.meta.url);
  const report = await runEngines(options, undefined, peers);
  const [{ engines }] = report.rows;
  const names = engines.map(({ engine }) => engine).filter((engine) => engine !== 'unitsphere, native');
  expect(names).toEqual(['unitsphere, WebAssembly', 'onnxruntime-web, wasm', 'onnxruntime-node']);
  for (const { milliseconds, difference } of engines) {
    expect(milliseconds.median).toBeGreaterThan(0);
    expect(difference).toBeLessThan(1e-4);
  }
  const text = printEngines(report);
  expect(text).toContain('| lcnet_035@32 |       1 |     2 | onnxruntime-node');
  expect(text).toContain('unitsphere, WebAssembly: lcnet_035@32, batch 2, 1 thread (');
});
