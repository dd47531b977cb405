import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, test } from 'vitest';
import { makePhotographs } from '../src/data/make-photographs.js';
import { printData } from '../src/data/print-data.js';
import { printLargeSet } from '../src/data/print-large-set.js';
import { type DataReport, joinData } from '../src/data/run-data.js';
import { joinLargeSet, type LargeSetReport } from '../src/data/run-large-set.js';
import { describeMachine } from '../src/measure/machine.js';

const folder = mkdtempSync(join(tmpdir(), 'unitsphere-bench-data-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('bench data', () => {
  test('writes photographs with detail at every scale', async () => {
    await makePhotographs(folder, { width: 96, height: 64 }, 2);
    expect(readdirSync(folder).sort()).toEqual(['000.jpg', '001.jpg']);
    const { data, info } = await sharp(join(folder, '000.jpg')).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels]).toEqual([96, 64, 3]);
    const spread = (step: number) => {
      let sum = 0;
      for (let i = 3 * step; i < data.length; i++) sum += Math.abs(data[i] - data[i - 3 * step]);
      return sum / data.length;
    };
    expect(spread(1)).toBeGreaterThan(2);
    expect(spread(16)).toBeGreaterThan(spread(1));
  });

  const timing = { coresOfOthers: 0 } as DataReport['rows'][number]['contenders'][number]['timing'];
  const row = (size: number, ours: number, peer: number): DataReport['rows'][number] => ({
    file: { width: 250, height: 250, kilobytes: 20 },
    size,
    contenders: [
      { id: 'ours', label: 'unitsphere', timing, imagesPerSecond: ours },
      { id: 'albumentations', label: 'Albumentations', timing, imagesPerSecond: peer },
    ],
    absent: [],
    ratio: ours / peer,
  });
  const report = (rows: DataReport['rows'], libraries: string[] = []): DataReport => ({
    benchmark: 'data',
    date: '',
    machine: describeMachine(),
    batch: 32,
    rows,
    training: { backbone: 'lcnet_050', imageSize: 128, imagesPerSecond: 100 },
    libraries,
  });

  test('keeps the rows of an earlier report, and replaces those measured again', () => {
    const earlier = report([row(128, 100, 100), row(224, 50, 100)], ['a 1']);
    const joined = joinData(earlier, report([row(112, 90, 100), row(128, 200, 100)], ['a 1', 'b 2']));
    expect(joined.rows.map(({ size, ratio }) => [size, ratio])).toEqual([
      [112, 0.9],
      [128, 2],
      [224, 0.5],
    ]);
    expect(joined.libraries).toEqual(['a 1', 'b 2']);
  });

  test('names the lowest row, and the speed beside the training', () => {
    const text = printData(report([row(112, 500, 400), row(128, 300, 400)]));
    expect(text).toContain('Lowest: 250 × 250 to 128 px, at 0.750 times the fastest peer');
    expect(text).toMatch(
      /uses 100 images a second a core\. From 250 × 250, a core prepares 3(\.0+)? times as many when it decodes every file, and not measured/,
    );
  });

  test('says whether the losses of all formats are the same', () => {
    const largeSet = (losses: number[]): LargeSetReport => ({
      benchmark: 'large-set',
      date: '',
      machine: describeMachine(),
      size: { identities: 20_000, images: 25, side: 64 },
      steps: 2,
      settings: [],
      runs: [
        { format: 'folder', peakRss: 2 ** 29, seconds: 1, losses: [2, 1] },
        { format: 'recordio', peakRss: 2 ** 30, seconds: 1, losses },
      ],
    });
    expect(printLargeSet(largeSet([2, 1]))).toMatch(
      /are the same from every format\.\n- The highest peak is 1\.00 GiB/,
    );
    expect(printLargeSet({ ...largeSet([]), runs: largeSet([]).runs.slice(0, 1) })).not.toContain('the same');
    expect(printLargeSet(largeSet([2, 1.5]))).toContain('are NOT the same');
    const [folder, recordio] = largeSet([3]).runs;
    const joined = joinLargeSet({ ...largeSet([2]), runs: [recordio] }, { ...largeSet([2]), runs: [folder] });
    expect(joined.runs).toEqual([folder, recordio]);
  });
});
