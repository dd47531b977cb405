import { identificationRate } from '@unitsphere/verification';
import { expect, test } from 'vitest';
import { evaluateGallery } from '../src/index.js';
import { Population } from './draw-identities.js';

function drawSet(count: number, images: number): Map<string, Float32Array[]> {
  const people = new Population(8);
  return new Map(Array.from({ length: count }, (_, n) => [`identity ${n}`, people.draw(images, 1.6)]));
}

test('enrolls half of the identities, and takes the others for strangers', async () => {
  const identities = drawSet(80, 4);
  const found = await evaluateGallery(identities, { enroll: 2, fpirs: [0.1] });
  expect(found).toMatchObject({ enrolled: 40, strangers: 40, probes: { enrolled: 80, strangers: 160 } });
  const groups = [...identities.values()].filter((_, n) => n % 2 === 0);
  const rows = (choose: (images: Float32Array[]) => Float32Array[]) =>
    Float32Array.from(groups.flatMap(choose).flatMap((row) => [...row]));
  const labels = Int32Array.from({ length: 80 }, (_, n) => n >> 1);
  const { rates } = identificationRate(
    rows((images) => images.slice(0, 2)),
    labels,
    rows((images) => images.slice(2)),
    labels,
    32,
  );
  expect(found.ranks.map(({ rank, rate }) => [rank, rate])).toEqual(
    rates.map(({ rank, rate }) => [rank, rate]),
  );
  const [{ fpir, fnir, resolved }] = found.points;
  expect(fpir).toBeLessThanOrEqual(0.1);
  expect(fnir).toBeGreaterThan(0);
  expect(resolved).toBe(true);
  const { calibration, fpir: measured, fnir: missed } = found.calibrated;
  expect(calibration.identities).toBe(40);
  expect(measured.rate).toBeGreaterThanOrEqual(calibration.interval.low);
  expect(measured.rate).toBeLessThanOrEqual(calibration.interval.high);
  expect(missed?.interval.low).toBeLessThan(missed?.rate ?? 0);
});

test('measures strangers where no identity has a second image', async () => {
  const found = await evaluateGallery(drawSet(40, 1));
  expect(found).toMatchObject({ ranks: [], points: [], probes: { enrolled: 0, strangers: 20 } });
  expect(found.calibrated.fnir).toBeUndefined();
});

test('refuses options and sets that measure nothing', async () => {
  await expect(evaluateGallery(drawSet(8, 2), { enroll: 0 })).rejects.toThrow('enroll must be');
  await expect(evaluateGallery(drawSet(8, 2), { strangers: 1 })).rejects.toThrow('between 0 and 1');
  await expect(evaluateGallery(drawSet(1, 2), { strangers: 0.5 })).rejects.toThrow('none is held out');
  await expect(evaluateGallery(new Map([['a', []]]))).rejects.toThrow('"a" has no image');
  await expect(evaluateGallery<string>(new Map([['a', ['a.jpg']]]))).rejects.toThrow('needs `embedder`');
});
