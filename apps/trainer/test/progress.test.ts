import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import pico from 'picocolors';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { formatBytes } from '../src/format-bytes.js';
import { formatSeconds } from '../src/format-seconds.js';
import { Progress } from '../src/progress/progress.js';
import { plainLine, terminalLine } from '../src/progress/progress-line.js';
import type { StepReport } from '../src/progress/progress-reporter.js';
import { StepRates } from '../src/progress/step-rates.js';

const report = (step: number, changes: Partial<StepReport> = {}): StepReport => ({
  step,
  epoch: 2,
  loss: 12.3456,
  learningRate: 7e-4,
  images: 64,
  times: { data: 10, compute: 190 },
  ...changes,
});

function view(changes: Partial<StepReport> = {}) {
  const rates = new StepRates();
  rates.add(report(370, changes));
  return { report: report(370, changes), rates: rates.get()!, totalSteps: 1000 };
}

describe('StepRates', () => {
  test('averages over the last seconds', () => {
    const rates = new StepRates(1000);
    for (let i = 0; i < 50; i++) rates.add(report(i, { times: { data: 0, compute: 1000 } }));
    for (let i = 0; i < 20; i++) rates.add(report(i, { times: { data: 60, compute: 40 } }));
    const { imagesPerSecond, secondsPerStep, shares } = rates.get()!;
    expect(imagesPerSecond).toBeCloseTo(640);
    expect(secondsPerStep).toBeCloseTo(0.1);
    expect(shares).toEqual([
      ['data', expect.closeTo(0.6)],
      ['compute', expect.closeTo(0.4)],
    ]);
  });

  test('is null before the first step, and finite for steps without duration', () => {
    const rates = new StepRates();
    expect(rates.get()).toBeNull();
    rates.add(report(1, { times: { compute: 0 } }));
    expect(rates.get()!.imagesPerSecond).toBeLessThan(Number.POSITIVE_INFINITY);
  });
});

describe('a progress line', () => {
  test('has all figures in a log', () => {
    expect(plainLine(view())).toMatchInlineSnapshot(
      `"step 370/1000 (37%)  epoch 2  loss 12.35  lr 7.00e-4  320 images/s  data 5% compute 95%  2m 06s left"`,
    );
  });

  test.each([200, 120, 100, 80, 60, 40, 20])(
    'fits a terminal of %d columns and omits the least important figures first',
    (columns) => {
      const line = stripVTControlCharacters(terminalLine(view(), columns, pico.createColors(true)));
      expect(line.length).toBeLessThan(columns);
      expect(line).toMatchSnapshot();
    },
  );

  test('shows a non-finite loss in red', () => {
    const line = terminalLine(view({ loss: Number.NaN }), 120, pico.createColors(true));
    expect(line).toContain('\u001b[31mloss NaN\u001b[39m');
  });

  test('shows what a step waits for, in yellow if most of it is images', () => {
    const times = { disk: 30, decoding: 45, drawing: 0, augmentation: 5, centers: 8, compute: 12 };
    const line = terminalLine(view({ times }), 140, pico.createColors(true));
    expect(line).toContain('\u001b[33mdisk 30% decoding 45% augmentation 5% centers 8% compute 12%');
    const busy = terminalLine(view({ times: { ...times, compute: 500 } }), 140, pico.createColors(true));
    expect(busy).toContain('\u001b[2mdisk 5% decoding 8% centers 1% compute 85%');
  });
});

/** Returns a stream that records what is written to it. */
function createRecorder(isTTY: boolean) {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  Object.assign(stream, { isTTY, columns: 100, rows: 30 });
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => text };
}

describe('Progress', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('prints a plain line every ten seconds and at the end in a pipe', () => {
    const { stream, text } = createRecorder(false);
    const progress = new Progress({ totalSteps: 300, stream });
    progress.note('hello');
    progress.phase('reading images');
    progress.phase('reading images');
    progress.phase(null);
    for (let step = 1; step <= 300; step++) {
      vi.advanceTimersByTime(200);
      progress.step(report(step));
    }
    progress.done();
    progress.done();
    const lines = text().trim().split('\n');
    expect(lines[0]).toBe('hello');
    expect(lines[1]).toBe('reading images …');
    const steps = lines.slice(2).map((line) => line.match(/^step (\d+)/)?.[1]);
    expect(steps).toEqual(['1', '51', '101', '151', '201', '251', '300']);
    expect(text()).not.toContain('\u001b');
  });

  test('redraws its line in a terminal and keeps notes above it', () => {
    const { stream, text } = createRecorder(true);
    const progress = new Progress({ totalSteps: 300, stream });
    for (let step = 1; step <= 300; step++) {
      vi.advanceTimersByTime(20);
      progress.step(report(step));
      if (step === 150) progress.note('a note');
    }
    progress.done();
    const plain = stripVTControlCharacters(text());
    expect(plain).toContain('a note\n');
    expect(plain).toContain('100%');
    // 300 steps in 6 seconds are drawn at most ten times per second.
    expect(plain.match(/images\/s/g)!.length).toBeLessThan(70);
  });
});

describe('formatBytes and formatSeconds', () => {
  test.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1500, '1.5 kB'],
    [999_700, '1.0 MB'],
    [12_345_678, '12 MB'],
    [123_456_789, '123 MB'],
    [5e12, '5.0 TB'],
  ])('format %d bytes as %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  test.each([
    [0.2, '0s'],
    [59.6, '1m 00s'],
    [75, '1m 15s'],
    [3661, '1h 01m'],
    [90000, '1d 1h'],
    [Number.NaN, '?'],
  ])('format %d seconds as %s', (seconds, text) => expect(formatSeconds(seconds)).toBe(text));
});
