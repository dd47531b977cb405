/** Allocation of a journal's places, and the size that it grows to. */
import { Random } from '@unitsphere/core';
import { expect, test } from 'vitest';
import { JournalPlaces } from '../src/file/journal-places.js';

/** Rows and their places, as in a journal. */
class Rows {
  readonly places = new JournalPlaces();
  readonly placeOf = new Map<number, number>();
  /** Largest number of rows that had a place at the same time. */
  most = 0;

  write(row: number): number {
    const place = this.places.take();
    const old = this.placeOf.get(row);
    if (old !== undefined) this.places.release(old);
    this.placeOf.set(row, place);
    this.most = Math.max(this.most, this.placeOf.size);
    return place;
  }
}

test('no two rows share a place, and there are at most twice as many places as rows', () => {
  const random = new Random(1, 'places');
  const rows = new Rows();
  for (let i = 0; i < 20_000; i++) {
    rows.write(random.int(Math.min(700, 1 + i)));
    expect(rows.places.end).toBeLessThanOrEqual(2 * rows.most + 1);
    if (i % 500 === 0) expect(new Set(rows.placeOf.values()).size).toBe(rows.placeOf.size);
  }
  expect(rows.most).toBe(700);
});

test('rows drawn uniformly, a tenth at a time, get runs of consecutive places', () => {
  const random = new Random(2, 'places');
  const rows = new Rows();
  const [count, sampled] = [4000, 400];
  let runs = 0;
  for (let step = 0; step < 120; step++) {
    const sample = new Set<number>();
    while (sample.size < sampled) sample.add(random.int(count));
    let last = -2;
    for (const row of sample) {
      const place = rows.write(row);
      if (step >= 60 && place !== last + 1) runs++;
      last = place;
    }
  }
  const mean = (60 * sampled) / runs;
  expect(mean).toBeGreaterThan(4);
  expect(rows.places.end).toBeLessThanOrEqual(2 * count + 1);
});

test('pinned places are not reused until they are freed', () => {
  const rows = new Rows();
  for (let row = 0; row < 40; row++) rows.write(row);
  const sealed = new Set(rows.placeOf.values());
  rows.places.pin();
  for (let i = 0; i < 400; i++) expect(sealed).not.toContain(rows.write(i % 40));
  // A second pin keeps the places of the first, too.
  const later = new Set(rows.placeOf.values());
  rows.places.pin();
  for (let i = 0; i < 400; i++) {
    const place = rows.write(i % 30);
    expect(sealed).not.toContain(place);
    expect(later).not.toContain(place);
  }
  const kept = [...rows.placeOf.values()];
  rows.places.keepOnly(kept);
  expect(rows.places.end).toBe(Math.max(...kept) + 1);
  expect(Array.from({ length: 20 }, () => rows.places.take()).some((place) => sealed.has(place))).toBe(true);
  rows.places.keepOnly([]);
  expect(rows.places.end).toBe(0);
  expect([rows.places.take(), rows.places.take()]).toEqual([0, 1]);
});
