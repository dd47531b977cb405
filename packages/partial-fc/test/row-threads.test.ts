import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { RecordLayout, Records } from '../src/file/record.js';
import { RowThreads } from '../src/file/row-threads.js';

const folder = mkdtempSync(join(tmpdir(), 'rows-'));
afterAll(() => rmSync(folder, { recursive: true }));
const layout = new RecordLayout(['weight'], 3);
const ROWS = 300;

/** A file of records, of which that of row 11 is damaged and that of the last row cut off. */
function storedFile(name: string): string {
  const stored = new Records(layout, ROWS);
  for (let row = 0; row < ROWS; row++) {
    stored.rowOf(row, 0).fill(row);
    stored.seal(row, row);
  }
  stored.rowOf(11, 0)[1] = 0.5;
  const path = join(folder, name);
  writeFileSync(path, stored.bytes.subarray(0, ROWS * layout.bytes - 1));
  return path;
}

/** What did not go as asked, by the place in memory. */
function outcomesOf(threads: RowThreads): Map<number, [leaving: number, coming: number, outcome: unknown]> {
  const outcomes = new Map<number, [number, number, unknown]>();
  threads.finish((slot, leaving, coming, outcome) => outcomes.set(slot, [leaving, coming, outcome]));
  return outcomes;
}

test('threads read what was asked for, and say what is damaged and where a file ends', () => {
  const fd = openSync(storedFile('read'), 'r');
  const records = new Records(layout, 200, true);
  const threads = new RowThreads(records, 3);
  for (let round = 0; round < 20; round++) {
    const asked = Array.from({ length: 150 }, (_, i) => (i * 2 + round) % ROWS);
    // In another order than they lie in the file.
    const slotOf = (i: number) => (i * 7) % 200;
    asked.forEach((row, i) => {
      threads.add(slotOf(i), -1, 0, row, fd, row * layout.bytes);
    });
    expect(threads.busy).toBe(true);
    threads.start(-1);
    const outcomes = outcomesOf(threads);
    expect(threads.busy).toBe(false);
    const expected = asked.flatMap((row, i) => {
      const outcome = row === ROWS - 1 ? 'absent' : row === 11 ? 'read' : undefined;
      return outcome ? [[slotOf(i), [-1, row, outcome]] as const] : [];
    });
    expect(outcomes).toEqual(new Map(expected));
    asked.forEach((row, i) => {
      if (row < ROWS - 1) expect(records.rowOf(slotOf(i), 0)[0], `round ${round}`).toBe(row);
    });
  }
  expect(outcomesOf(threads).size).toBe(0);
  threads.close();
  closeSync(fd);
});

test('a record of another row than the one asked for is not whole', () => {
  const fd = openSync(storedFile('other'), 'r');
  const threads = new RowThreads(new Records(layout, 2, true), 1);
  threads.add(0, -1, 0, 20, fd, 21 * layout.bytes);
  threads.add(1, -1, 0, 20, fd, 20 * layout.bytes);
  threads.start(-1);
  expect([...outcomesOf(threads)]).toEqual([[0, [-1, 20, 'read']]]);
  threads.close();
  closeSync(fd);
});

test.each([
  ['one behind the other', (i: number) => i],
  ['with gaps', (i: number) => i + Math.floor(i / 7)],
  ['from the end of the file', (i: number) => 199 - i],
])('changed records are sealed and written %s before others come in their place', (name, placeOf) => {
  const fd = openSync(storedFile(`both ${name}`), 'r');
  const path = join(folder, `written ${name}`);
  writeFileSync(path, '');
  const out = openSync(path, 'r+');
  const records = new Records(layout, 200, true);
  const threads = new RowThreads(records, 4);
  for (let slot = 0; slot < 200; slot++) {
    records.rowOf(slot, 0).fill(1000 + slot);
    records.setSteps(slot, 5, 6);
    // Some leave, some come, some do both.
    const leaving = slot % 5 === 4 ? -1 : 400 + slot;
    const coming = slot % 2 ? slot : -1;
    if (leaving < 0 && coming < 0) continue;
    threads.add(slot, leaving, placeOf(slot) * layout.bytes, coming, fd, slot * layout.bytes);
  }
  threads.start(out);
  const outcomes = outcomesOf(threads);
  expect([...outcomes]).toEqual([[11, [411, 11, 'read']]]);
  const written = new Records(layout, 300);
  written.bytes.set(readFileSync(path));
  for (let slot = 0; slot < 200; slot++) {
    expect(records.rowOf(slot, 0)[0]).toBe(slot % 2 ? slot : 1000 + slot);
    if (slot % 5 === 4) {
      expect(written.check(placeOf(slot), 400 + slot)).toBe('unwritten');
      continue;
    }
    expect(written.check(placeOf(slot), 400 + slot)).toBe('whole');
    expect([...written.rowOf(placeOf(slot), 0)]).toEqual([1000 + slot, 1000 + slot, 1000 + slot]);
    expect(written.lastStep(placeOf(slot))).toBe(6);
  }
  threads.close();
  closeSync(out);
  closeSync(fd);
});

test('where records cannot be written, they are still there, and their error is told', () => {
  const fd = openSync(storedFile('unwritable'), 'r');
  const records = new Records(layout, 4, true);
  const threads = new RowThreads(records, 2);
  records.rowOf(2, 0).fill(7);
  records.rowOf(3, 0).fill(8);
  // Not open for writing.
  threads.add(2, 3, 0, 5, fd, 0);
  threads.add(3, 4, layout.bytes, -1, -1, 0);
  threads.add(1, -1, 0, 1, fd, layout.bytes);
  threads.start(fd);
  expect([...outcomesOf(threads)]).toEqual([
    [2, [3, 5, { code: 'EBADF' }]],
    [3, [4, -1, { code: 'EBADF' }]],
  ]);
  expect([...records.rowOf(2, 0)]).toEqual([7, 7, 7]);
  expect([...records.rowOf(3, 0)]).toEqual([8, 8, 8]);
  threads.close();
  closeSync(fd);
});
