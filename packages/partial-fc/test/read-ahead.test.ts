import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ReadAhead } from '../src/file/read-ahead.js';
import { RecordLayout, Records } from '../src/file/record.js';

test('threads read what was asked for, and say where a file ended', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ahead-'));
  const layout = new RecordLayout(['weight'], 3);
  const stored = new Records(layout, 50);
  for (let row = 0; row < 50; row++) {
    stored.rowOf(row, 0).fill(row);
    stored.seal(row, row);
  }
  stored.rowOf(11, 0)[1] = 0.5;
  const path = join(folder, 'records');
  writeFileSync(path, stored.bytes.subarray(0, 50 * layout.bytes - 1));
  const fd = openSync(path, 'r');
  const ahead = new ReadAhead(layout, 20, 3);
  const one = new Records(layout, 1);
  const placeOf = (row: number) => (row === 8 ? undefined : { fd, position: row * layout.bytes });
  for (let round = 0; round < 20; round++) {
    const rows = Array.from({ length: 25 }, (_, i) => (i * 2 + round) % 50);
    ahead.request(rows, placeOf);
    const asked = rows.filter((row) => row !== 8).slice(0, 20);
    for (let row = 0; row < 50; row++) {
      if (row % 7 === 0) ahead.forget(row);
      // Row 49 is cut off.
      const expected = asked.includes(row) && row % 7 !== 0 && row !== 49;
      // Row 11 is damaged.
      const found = row === 11 ? 'read' : 'checked';
      expect(ahead.take(row, one, 0), `round ${round}, row ${row}`).toBe(expected ? found : 'absent');
      if (expected) expect(one.check(0, row)).toBe(row === 11 ? 'damaged' : 'whole');
    }
  }
  ahead.clear();
  expect(ahead.take(1, one, 0)).toBe('absent');
  ahead.close();
  closeSync(fd);
  rmSync(folder, { recursive: true });
});
