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

/** Writes a file of records. The record of row 11 is damaged, and that of the last row is cut off. */
function writeRecords(name: string): string {
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

/** Returns the move that reads a row into a slot. */
const readInto = (slot: number, coming: number, readFd: number, readPosition: number) => ({
  slot,
  leaving: -1,
  writePosition: 0,
  coming,
  readFd,
  readPosition,
});

/** Finishes the request and returns the records that were not moved, by their slot. */
function finish(threads: RowThreads): Map<number, [leaving: number, coming: number, outcome: unknown]> {
  const outcomes = new Map<number, [number, number, unknown]>();
  threads.finish((slot, leaving, coming, outcome) => outcomes.set(slot, [leaving, coming, outcome]));
  return outcomes;
}

test('threads read the requested records, and report damage and the end of the file', () => {
  const fd = openSync(writeRecords('read'), 'r');
  const records = new Records(layout, 200, true);
  const threads = new RowThreads(records, 3);
  for (let round = 0; round < 20; round++) {
    const requested = Array.from({ length: 150 }, (_, i) => (i * 2 + round) % ROWS);
    // Not in the order of the file.
    const slotOf = (i: number) => (i * 7) % 200;
    requested.forEach((row, i) => {
      threads.add(readInto(slotOf(i), row, fd, row * layout.bytes));
    });
    expect(threads.busy).toBe(true);
    threads.start(-1);
    const outcomes = finish(threads);
    expect(threads.busy).toBe(false);
    const expected = requested.flatMap((row, i) => {
      const outcome = row === ROWS - 1 ? 'absent' : row === 11 ? 'read' : undefined;
      return outcome ? [[slotOf(i), [-1, row, outcome]] as const] : [];
    });
    expect(outcomes).toEqual(new Map(expected));
    requested.forEach((row, i) => {
      if (row < ROWS - 1) expect(records.rowOf(slotOf(i), 0)[0], `round ${round}`).toBe(row);
    });
  }
  expect(finish(threads).size).toBe(0);
  threads.close();
  closeSync(fd);
});

test('a record of another row than the requested one is reported', () => {
  const fd = openSync(writeRecords('other'), 'r');
  const threads = new RowThreads(new Records(layout, 2, true), 1);
  threads.add(readInto(0, 20, fd, 21 * layout.bytes));
  threads.add(readInto(1, 20, fd, 20 * layout.bytes));
  threads.start(-1);
  expect([...finish(threads)]).toEqual([[0, [-1, 20, 'read']]]);
  threads.close();
  closeSync(fd);
});

test.each([
  ['consecutively', (i: number) => i],
  ['with gaps', (i: number) => i + Math.floor(i / 7)],
  ['from the end of the file', (i: number) => 199 - i],
])(
  'changed records are sealed and written %s before other rows are read into their slots',
  (name, placeOf) => {
    const fd = openSync(writeRecords(`both ${name}`), 'r');
    const path = join(folder, `written ${name}`);
    writeFileSync(path, '');
    const out = openSync(path, 'r+');
    const records = new Records(layout, 200, true);
    const threads = new RowThreads(records, 4);
    for (let slot = 0; slot < 200; slot++) {
      records.rowOf(slot, 0).fill(1000 + slot);
      records.setSteps(slot, 5, 6);
      // Some slots are written, some are read, some both.
      const leaving = slot % 5 === 4 ? -1 : 400 + slot;
      const coming = slot % 2 ? slot : -1;
      if (leaving < 0 && coming < 0) continue;
      const writePosition = placeOf(slot) * layout.bytes;
      threads.add({ ...readInto(slot, coming, fd, slot * layout.bytes), leaving, writePosition });
    }
    threads.start(out);
    const outcomes = finish(threads);
    expect([...outcomes]).toEqual([[11, [411, 11, 'read']]]);
    const written = new Records(layout, 300);
    written.bytes.set(readFileSync(path));
    for (let slot = 0; slot < 200; slot++) {
      expect(records.rowOf(slot, 0)[0]).toBe(slot % 2 ? slot : 1000 + slot);
      if (slot % 5 === 4) {
        expect(written.check(placeOf(slot), 400 + slot)).toBe('unwritten');
        continue;
      }
      expect(written.check(placeOf(slot), 400 + slot)).toBe('intact');
      expect([...written.rowOf(placeOf(slot), 0)]).toEqual([1000 + slot, 1000 + slot, 1000 + slot]);
      expect(written.lastStep(placeOf(slot))).toBe(6);
    }
    threads.close();
    closeSync(out);
    closeSync(fd);
  },
);

test('a record that cannot be written is kept and its error is reported', () => {
  const fd = openSync(writeRecords('unwritable'), 'r');
  const records = new Records(layout, 4, true);
  const threads = new RowThreads(records, 2);
  records.rowOf(2, 0).fill(7);
  records.rowOf(3, 0).fill(8);
  // The file is not open for writing.
  threads.add({ ...readInto(2, 5, fd, 0), leaving: 3, writePosition: 0 });
  threads.add({ ...readInto(3, -1, -1, 0), leaving: 4, writePosition: layout.bytes });
  threads.add(readInto(1, 1, fd, layout.bytes));
  threads.start(fd);
  expect([...finish(threads)]).toEqual([
    [2, [3, 5, { code: 'EBADF' }]],
    [3, [4, -1, { code: 'EBADF' }]],
  ]);
  expect([...records.rowOf(2, 0)]).toEqual([7, 7, 7]);
  expect([...records.rowOf(3, 0)]).toEqual([8, 8, 8]);
  threads.close();
  closeSync(fd);
});
