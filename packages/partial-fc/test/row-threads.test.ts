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

function outcomesOf(threads: RowThreads): Map<number, unknown> {
  const outcomes = new Map<number, unknown>();
  threads.finish((slot, outcome) => outcomes.set(slot, outcome));
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
      threads.add(slotOf(i), undefined, { fd, position: row * layout.bytes });
    });
    expect(threads.busy).toBe(true);
    threads.start();
    const outcomes = outcomesOf(threads);
    expect(threads.busy).toBe(false);
    expect(outcomes.size).toBe(150);
    asked.forEach((row, i) => {
      const expected = row === ROWS - 1 ? 'absent' : row === 11 ? 'read' : 'checked';
      expect(outcomes.get(slotOf(i)), `round ${round}, row ${row}`).toBe(expected);
      if (expected !== 'absent') expect(records.rowOf(slotOf(i), 0)[0]).toBe(row);
    });
  }
  expect(outcomesOf(threads).size).toBe(0);
  threads.close();
  closeSync(fd);
});

test('a changed record is sealed and written before another comes in its place', () => {
  const fd = openSync(storedFile('both'), 'r');
  const path = join(folder, 'written');
  writeFileSync(path, '');
  const out = openSync(path, 'r+');
  const records = new Records(layout, 80, true);
  const threads = new RowThreads(records, 4);
  for (let slot = 0; slot < 80; slot++) {
    records.rowOf(slot, 0).fill(1000 + slot);
    records.setSteps(slot, 5, 6);
    const write = { row: 400 + slot, fd: out, position: (79 - slot) * layout.bytes };
    threads.add(slot, write, slot % 2 ? { fd, position: slot * layout.bytes } : undefined);
  }
  threads.start();
  const outcomes = outcomesOf(threads);
  const written = new Records(layout, 80);
  written.bytes.set(readFileSync(path));
  for (let slot = 0; slot < 80; slot++) {
    expect(outcomes.get(slot)).toBe(slot % 2 ? (slot === 11 ? 'read' : 'checked') : 'written');
    expect(records.rowOf(slot, 0)[0]).toBe(slot % 2 ? slot : 1000 + slot);
    expect(written.check(79 - slot, 400 + slot)).toBe('whole');
    expect([...written.rowOf(79 - slot, 0)]).toEqual([1000 + slot, 1000 + slot, 1000 + slot]);
    expect(written.lastStep(79 - slot)).toBe(6);
  }
  threads.close();
  closeSync(out);
  closeSync(fd);
});

test('where a record cannot be written, it is still there, and its error is told', () => {
  const fd = openSync(storedFile('unwritable'), 'r');
  const records = new Records(layout, 4, true);
  const threads = new RowThreads(records, 2);
  records.rowOf(2, 0).fill(7);
  // Not open for writing.
  threads.add(2, { row: 3, fd, position: 0 }, { fd, position: 0 });
  threads.add(1, undefined, { fd, position: layout.bytes });
  threads.start();
  expect([...outcomesOf(threads)]).toEqual([
    [2, { code: 'EBADF' }],
    [1, 'checked'],
  ]);
  expect([...records.rowOf(2, 0)]).toEqual([7, 7, 7]);
  threads.close();
  closeSync(fd);
});
