import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundleModule } from '@unitsphere/testing/bundle-module';
import { expect, test } from 'vitest';
import { printCoverage } from '../src/interval-coverage/print-coverage.js';
import { runCoverage } from '../src/interval-coverage/run-coverage.js';
import { readCheckpoint, writeCheckpoint } from '../src/verification/checkpoint.js';
import { printVerification } from '../src/verification/print-verification.js';
import { runVerification } from '../src/verification/run-verification.js';

test('verifies all pairs of each size in a process, and says why the peer is absent', async () => {
  const before = process.env['UNITSPHERE_PYTHON'];
  process.env['UNITSPHERE_PYTHON'] = '/no/such/python';
  try {
    const program = bundleModule('../src/verification/verify-file.ts', import.meta.url);
    const options = { rows: [300, 700], dimensions: 32, rounds: 2, threads: 2 };
    const report = await runVerification(options, () => undefined, program);
    expect(report.sizes.map(({ rows, pairs }) => [rows, pairs])).toEqual([
      [300, 44_850],
      [700, 244_650],
    ]);
    for (const { ours, peer, without } of report.sizes) {
      expect(ours.seconds.repetitions).toBe(2);
      expect(ours.peakRss).toBeGreaterThan(ours.footprint);
      expect(ours.auroc).toBeGreaterThan(0.7);
      expect(ours.tpr).toHaveLength(report.fprs.length);
      expect(peer).toBeUndefined();
      expect(without).toMatch(/could not be started.*pip install torch/);
    }
    const text = printVerification(report);
    expect(text).toMatch(/\| unitsphere +\|/);
    expect(text).toContain(
      '- 700 embeddings: no peer, because PyTorch failed: the process could not be started',
    );
    expect(text).toContain('1,000,000 embeddings take');
    const million = report.sizes.map((size) => ({ ...size, rows: 1_000_000 }));
    expect(printVerification({ ...report, sizes: million })).not.toContain('1,000,000 embeddings take');
  } finally {
    if (before === undefined) delete process.env['UNITSPHERE_PYTHON'];
    else process.env['UNITSPHERE_PYTHON'] = before;
  }
});

test('reads the checkpoint that it wrote, and requires a single large number of rows for one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'checkpoint-'));
  try {
    const path = join(folder, 'counted');
    expect(await readCheckpoint(path)).toBeUndefined();
    const spent = { seconds: 12.5, processorSeconds: 24, peakRss: 3e9 };
    writeCheckpoint(path, Uint8Array.of(0, 10, 255), spent);
    const kept = await readCheckpoint(path);
    expect([...kept!.state]).toEqual([0, 10, 255]);
    expect(kept!.spent).toEqual(spent);
    const run = (rows: number[]) => runVerification({ rows, dimensions: 32, rounds: 1, checkpoint: path });
    await expect(run([700])).rejects.toThrow('Fewer rows take only seconds');
    await expect(run([30_000, 40_000])).rejects.toThrow('a single number of --rows');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('counts how often intervals contain the true value', async () => {
  const report = await runCoverage({ draws: 20, resamples: 100, identities: [20] });
  for (const { draws, covered, below, above } of report.rows) {
    expect(draws).toBe(20);
    expect(covered + below + above).toBe(20);
  }
  const [auroc, , pairs] = report.rows;
  expect(auroc.covered).toBeGreaterThan(pairs.covered - 1);
  expect(printCoverage(report)).toContain('AUROC, bootstrap over identities');
});
