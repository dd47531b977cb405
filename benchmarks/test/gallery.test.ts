import { bundleModule } from '@unitsphere/testing/bundle-module';
import { expect, test } from 'vitest';
import { printGallery } from '../src/gallery/print-gallery.js';
import { runGallery } from '../src/gallery/run-gallery.js';
import { printRecognition } from '../src/recognition/print-recognition.js';

test('searches galleries exactly, each contender in a process, and says why peers are absent', async () => {
  const before = process.env['UNITSPHERE_PYTHON'];
  process.env['UNITSPHERE_PYTHON'] = '/no/such/python';
  try {
    const program = bundleModule('../src/gallery/search-file.ts', import.meta.url);
    const options = { rows: [300, 2000], dimensions: 32, queries: 6, k: 5, graphRows: 300 };
    const report = await runGallery(options, () => undefined, program);
    for (const { contenders, absent } of report.sizes) {
      expect(contenders).toHaveLength(3);
      for (const { recall, milliseconds, peakRss, footprint } of contenders) {
        expect(recall).toBe(1);
        expect(milliseconds.repetitions).toBe(6);
        expect(peakRss).toBeGreaterThan(footprint);
      }
      expect(absent[0]).toMatch(/^numpy.*could not be started.*pip install numpy usearch/);
    }
    expect(report.sizes.map(({ absent }) => absent.length)).toEqual([4, 3]);
    const text = printGallery(report);
    expect(text).toMatch(/\| +2,000 \| unitsphere, int8 scan, 1 thread +\|/);
    expect(text).toContain('- 2,000 embeddings: no numpy (BLAS)');
  } finally {
    if (before === undefined) delete process.env['UNITSPHERE_PYTHON'];
    else process.env['UNITSPHERE_PYTHON'] = before;
  }
});

test('counts the seeds whose interval contains the measured rate', () => {
  const seed = (rate: number) => ({
    threshold: 0.5,
    isFitted: false,
    interval: { low: 0.005, high: 0.02 },
    rate,
  });
  const text = printRecognition({
    benchmark: 'recognition',
    date: '2026-01-01T00:00:00Z',
    machine: { cpu: 'x', cores: 1, memoryBytes: 2 ** 30, system: 'y', node: 'v1', tfjs: '4' },
    model: 'model',
    fingerprint: '0123456789ab',
    falseAcceptRate: 0.01,
    calibration: [
      { images: 'documents', identities: 100, strangers: 900, seeds: [seed(0.01), seed(0.02), seed(0.03)] },
    ],
  });
  expect(text).toContain(' 2.00 % (1.00 %–3.00 %) | ');
  expect(text).toContain(' 0.50 %–2.00 % | ');
  expect(text).toContain(' 2 of 3 seeds |');
});
