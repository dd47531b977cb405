import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HASH_WORDS } from '../src/disk/rows/hash-index.js';
import { indexHeader, RECORD_BYTES, RECORD_WORDS, sealRecord } from '../src/disk/rows/records.js';
import { RowStore } from '../src/disk/rows/row-store.js';

const ROW_BYTES = 40;
let folder: string;
const open: RowStore[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rows-'));
});
afterEach(() => {
  for (const store of open.splice(0)) store.close();
  rmSync(folder, { recursive: true });
});

function openStore(rowBytes = ROW_BYTES, at = folder): RowStore {
  const store = new RowStore(at, { rowBytes, sync: false });
  open.push(store);
  return store;
}

const hashOf = (number: number) =>
  Uint32Array.from({ length: HASH_WORDS }, (_, i) => Math.imul(number + 1, 0x9e3779b1 + 2 * i));
const rowOf = (number: number) => Uint8Array.from({ length: ROW_BYTES }, (_, i) => number * 31 + i * 7);
const range = (begin: number, end: number) => Array.from({ length: end - begin }, (_, i) => begin + i);
const concatenate = <T extends Uint8Array | Uint32Array>(parts: readonly T[], all: T): T => {
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};
function append(store: RowStore, numbers: readonly number[]): void {
  store.append(
    concatenate(numbers.map(hashOf), new Uint32Array(numbers.length * HASH_WORDS)),
    concatenate(numbers.map(rowOf), new Uint8Array(numbers.length * ROW_BYTES)),
  );
}

/** Returns the numbers in the store, and expects each to have its own row. */
function present(store: RowStore, numbers: readonly number[]): number[] {
  const stored = numbers.filter((number) => store.find(hashOf(number)) >= 0);
  const out = new Uint8Array(stored.length * ROW_BYTES);
  const lost = new Set(
    store.read(
      stored.map((number) => store.find(hashOf(number))),
      out,
    ),
  );
  return stored.filter((number, i) => {
    if (lost.has(i)) return false;
    expect(out.subarray(i * ROW_BYTES, (i + 1) * ROW_BYTES)).toEqual(rowOf(number));
    return true;
  });
}

test('a folder that does not exist has no rows until one is appended', () => {
  const at = join(folder, 'a', 'b');
  const store = openStore(ROW_BYTES, at);
  expect(store.rows).toBe(0);
  append(store, [3, 1, 2]);
  expect(present(openStore(ROW_BYTES, at), range(0, 5))).toEqual([1, 2, 3]);
});

test('skips known hashes, and reads rows that another store appended', () => {
  const [one, other] = [openStore(), openStore()];
  append(one, range(0, 50));
  append(one, range(40, 60));
  expect(one.rows).toBe(60);
  expect(other.rows).toBe(0);
  other.refresh();
  expect(present(other, range(0, 70))).toEqual(range(0, 60));
  append(other, range(60, 65));
  one.refresh();
  expect(present(one, range(0, 70))).toEqual(range(0, 65));
});

test('a flipped bit of any byte loses at most the rows it belongs to', () => {
  append(openStore(), range(0, 4));
  for (const ending of ['.rows', '.index']) {
    const [file] = readdirSync(folder).filter((name) => name.endsWith(ending));
    const path = join(folder, file);
    const whole = readFileSync(path);
    for (let byte = 0; byte < whole.length; byte++) {
      writeFileSync(
        path,
        whole.map((value, i) => (i === byte ? value ^ 16 : value)),
      );
      const store = openStore();
      const found = present(store, range(0, 4));
      // The header of the index covers all rows.
      const kept = ending === '.index' && byte < RECORD_BYTES ? 0 : 3;
      expect(found.length, `${ending} ${byte}`).toBeGreaterThanOrEqual(kept);
      open.splice(open.indexOf(store), 1);
      store.close();
    }
    writeFileSync(path, whole);
  }
  expect(present(openStore(), range(0, 4))).toEqual(range(0, 4));
});

test('ignores an incomplete append, and appends again', () => {
  append(openStore(), range(0, 4));
  for (const [i, name] of readdirSync(folder).entries())
    appendFileSync(join(folder, name), new Uint8Array(9 + i));
  const store = openStore();
  append(store, range(2, 8));
  expect(present(openStore(), range(0, 9))).toEqual(range(0, 8));
});

test('ignores segments of rows of another length', () => {
  append(openStore(), [1]);
  expect(openStore(ROW_BYTES + 1).rows).toBe(0);
});

test('opens 1,000,000 rows in under a second of processor time', { timeout: 120_000 }, () => {
  const [rows, rowBytes] = [1_000_000, 1024];
  // The rows are a hole of a gigabyte in a file, which is read by the same calls but takes no disk space.
  writeFileSync(join(folder, 'a.rows'), '');
  truncateSync(join(folder, 'a.rows'), rows * rowBytes);
  const crc = crc32(new Uint8Array(rowBytes));
  const words = new Uint32Array((rows + 1) * RECORD_WORDS);
  words.set(indexHeader(rowBytes));
  for (let row = 0; row < rows; row++) {
    const at = (row + 1) * RECORD_WORDS;
    words.set(hashOf(row), at);
    sealRecord(words, at, row, crc);
  }
  writeFileSync(join(folder, 'a.index'), new Uint8Array(words.buffer));
  const before = process.cpuUsage();
  const store = openStore(rowBytes);
  const { user, system } = process.cpuUsage(before);
  expect(store.rows).toBe(rows);
  expect((user + system) / 1e6).toBeLessThan(1);
  const part = 20_000;
  const out = new Uint8Array(part * rowBytes).fill(1);
  expect(
    store.read(
      range(0, part).map((i) => store.find(hashOf(i))),
      out,
    ),
  ).toEqual([]);
  expect(out.every((value) => value === 0)).toBe(true);
});

test('compacts to the rows that are kept, also those of other segments', () => {
  append(openStore(), range(0, 20));
  const store = openStore();
  append(store, range(20, 40));
  const kept = [...range(5, 10), ...range(30, 35), 99];
  store.compact(concatenate(kept.map(hashOf), new Uint32Array(kept.length * HASH_WORDS)));
  expect(present(store, range(0, 100))).toEqual(kept.slice(0, -1));
  expect(readdirSync(folder).length).toBe(2);
  append(store, [50]);
  expect(present(openStore(), range(0, 100))).toEqual([...kept.slice(0, -1), 50]);
});

test('reports a missing row among present ones', () => {
  const store = openStore();
  append(store, [1, 2]);
  const out = new Uint8Array(3 * ROW_BYTES);
  expect(store.read([store.find(hashOf(2)), -1, store.find(hashOf(1))], out)).toEqual([1]);
  expect(out.subarray(2 * ROW_BYTES)).toEqual(rowOf(1));
  expect(store.damaged).toBe(0);
});
