import { fork } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '@unitsphere/core';
import { bundleModule } from '@unitsphere/testing/bundle-module';
import { withFault } from '@unitsphere/testing/faults';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FeatureStore, type TeacherIdentity } from '../src/cache/feature-store.js';
import { featureOf, hashOf, identity, rowsOf, WIDTH } from './fixtures/rows.js';

/** Bytes of a record in an index file of a `RowStore`. */
const RECORD_BYTES = 32;

let folder: string;
const open: FeatureStore[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'features-'));
});
afterEach(() => {
  for (const store of open.splice(0)) store.close();
  rmSync(folder, { recursive: true });
});

function openStore(teacher: TeacherIdentity = identity): FeatureStore {
  const store = new FeatureStore(folder, teacher);
  open.push(store);
  return store;
}

function append(store: FeatureStore, numbers: readonly number[]): void {
  const { hashes, features } = rowsOf(numbers);
  store.append(hashes, features);
}

const range = (begin: number, end: number) => Array.from({ length: end - begin }, (_, i) => begin + i);
const filesOf = (store: FeatureStore, ending: string) =>
  readdirSync(store.folder)
    .filter((file) => file.endsWith(ending))
    .map((file) => join(store.folder, file));

/** Returns the numbers in the store, and expects each to have its own feature. */
function present(store: FeatureStore, numbers: readonly number[]): number[] {
  const stored = numbers.filter((number) => store.find(hashOf(number)) >= 0);
  const out = new Float32Array(stored.length * WIDTH).fill(Number.NaN);
  const lost = store.read(
    stored.map((number) => store.find(hashOf(number))),
    out,
  );
  const isLost = new Set(lost);
  const intact: number[] = [];
  stored.forEach((number, i) => {
    if (isLost.has(i)) return;
    intact.push(number);
    const found = bytes(out.subarray(i * WIDTH, (i + 1) * WIDTH));
    if (Buffer.compare(found, bytes(featureOf(number))) !== 0)
      expect.fail(`row ${number} has the feature of another`);
  });
  return intact;
}

const bytes = (values: Float32Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

describe('a stored feature', () => {
  test('is found at once, after reopening, and after a refresh of another reader', () => {
    const store = openStore();
    const reader = openStore();
    append(store, range(0, 50));
    append(store, range(50, 53));
    expect(present(store, range(0, 60))).toEqual(range(0, 53));
    expect(present(openStore(), range(0, 60))).toEqual(range(0, 53));
    expect(present(reader, range(0, 60))).toEqual([]);
    reader.refresh();
    expect(present(reader, range(0, 60))).toEqual(range(0, 53));
    expect([store.rows, store.bytes]).toEqual([53, 53 * 2 * WIDTH]);
  });

  test('is read in any order, and repeatedly', () => {
    const store = openStore();
    append(store, range(0, 40));
    const requested = [7, 3, 3, 39, 8, 0, 9, 10];
    const out = new Float32Array(requested.length * WIDTH);
    expect(
      store.read(
        requested.map((number) => store.find(hashOf(number))),
        out,
      ),
    ).toEqual([]);
    requested.forEach((number, i) => {
      expect(out.slice(i * WIDTH, (i + 1) * WIDTH)).toEqual(featureOf(number));
    });
  });

  test('is written once', () => {
    const store = openStore();
    append(store, range(0, 10));
    append(store, range(5, 12));
    const rows = filesOf(store, '.rows').reduce((sum, file) => sum + statSync(file).size, 0);
    expect(rows).toBe(12 * 2 * WIDTH);
    expect(present(store, range(0, 20))).toEqual(range(0, 12));
  });

  test('is not affected by another writer', () => {
    const [a, b] = [openStore(), openStore()];
    for (let i = 0; i < 30; i += 3) {
      append(a, [i, 100]);
      append(b, [i + 1, 100]);
    }
    const expected = [...range(0, 30).filter((i) => i % 3 < 2), 100];
    expect(present(openStore(), range(0, 200))).toEqual(expected);
  });

  test('is not found for a teacher with any other property', () => {
    append(openStore(), range(0, 5));
    const { preprocessing } = identity;
    for (const other of [
      { ...identity, fingerprint: 'beef' },
      { ...identity, width: 8 },
      { ...identity, preprocessing: { ...preprocessing, imageSize: 9 } },
      { ...identity, preprocessing: { ...preprocessing, interpolation: 'bicubic' } },
      { ...identity, preprocessing: { ...preprocessing, mean: [0, 0, 0.5] } },
    ] as TeacherIdentity[])
      expect(openStore(other).rows).toBe(0);
    // Explicit defaults and another order of properties make no difference.
    const spelledOut = { std: [1, 1, 1], cropFraction: 1, interpolation: 'bilinear' } as const;
    expect(openStore({ ...identity, preprocessing: { ...preprocessing, ...spelledOut } } as never).rows).toBe(
      5,
    );
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, 7e4])(
    'is refused before anything is written if it contains %s',
    (value) => {
      const store = openStore();
      const { hashes, features } = rowsOf([1, 2, 3]);
      features[WIDTH + 4] = value;
      expect(() => store.append(hashes, features)).toThrow(
        /image 1 of the batch contains .*float16 cannot represent/,
      );
      expect(store.rows).toBe(0);
      expect(filesOf(store, '.rows')).toEqual([]);
    },
  );
});

describe('a truncated or damaged file', () => {
  test('truncated at any byte, has exactly the rows with complete records', () => {
    const store = openStore();
    append(store, range(0, 6));
    const [index] = filesOf(store, '.index') as [string];
    const [rows] = filesOf(store, '.rows') as [string];
    const whole = { index: readFileSync(index), rows: readFileSync(rows) };
    for (let cut = 0; cut <= whole.index.length; cut += 5) {
      writeFileSync(index, whole.index.subarray(0, cut));
      const expected = Math.max(0, Math.floor(cut / RECORD_BYTES) - 1);
      expect(present(openStore(), range(0, 6)), `${cut} bytes`).toEqual(range(0, expected));
    }
    writeFileSync(index, whole.index);
    for (let cut = 0; cut <= whole.rows.length; cut += 11) {
      writeFileSync(rows, whole.rows.subarray(0, cut));
      const expected = Math.floor(cut / (2 * WIDTH));
      expect(present(openStore(), range(0, 6)), `${cut} bytes`).toEqual(range(0, expected));
    }
  });

  test('loses one row per changed byte, which can be written again', () => {
    const store = openStore();
    append(store, range(0, 6));
    for (const [ending, at] of [
      ['.rows', 2 * WIDTH * 2 + 9],
      ['.index', RECORD_BYTES * 4 + 3],
    ] as const) {
      const [file] = filesOf(store, ending) as [string];
      const content = readFileSync(file);
      content[at] ^= 0x10;
      writeFileSync(file, content);
    }
    const damaged = openStore();
    expect(present(damaged, range(0, 6))).toEqual([0, 1, 4, 5]);
    expect(damaged.damaged).toBe(1);
    expect(damaged.rows).toBe(4);
    append(damaged, range(0, 6));
    expect(present(damaged, range(0, 6))).toEqual(range(0, 6));
    // A later reader finds the new row, whichever it reads first.
    for (let time = 0; time < 2; time++) {
      const again = openStore();
      expect(again.rows).toBe(6);
      expect(present(again, range(0, 6))).toEqual(range(0, 6));
      const files = filesOf(again, '.rows').length;
      append(again, range(0, 6));
      expect(filesOf(again, '.rows').length).toBe(files);
    }
  });

  test('has no rows for records of zeros or misplaced records', () => {
    const store = openStore();
    append(store, range(0, 4));
    const [index] = filesOf(store, '.index') as [string];
    const content = readFileSync(index);
    const record = (i: number) => content.subarray((i + 1) * RECORD_BYTES, (i + 2) * RECORD_BYTES);
    record(0).fill(0);
    record(1).set(record(2));
    writeFileSync(index, content);
    expect(present(openStore(), range(0, 4))).toEqual([2, 3]);
  });

  test('with an incomplete row does not affect another writer', () => {
    const store = openStore();
    append(store, range(0, 3));
    appendFileSync(filesOf(store, '.rows')[0], new Uint8Array(7));
    appendFileSync(filesOf(store, '.index')[0], new Uint8Array(RECORD_BYTES + 3));
    const next = openStore();
    append(next, range(3, 6));
    expect(present(openStore(), range(0, 9))).toEqual(range(0, 6));
  });

  test('is skipped if its index is invalid, and refused if teacher.json differs', () => {
    const store = openStore();
    append(store, range(0, 3));
    writeFileSync(join(store.folder, 'other.index'), 'not an index, but longer than its header');
    writeFileSync(join(store.folder, 'other.rows'), '');
    expect(present(openStore(), range(0, 9))).toEqual(range(0, 3));
    writeFileSync(join(store.folder, 'teacher.json'), '{}');
    expect(() => openStore()).toThrow(/describes another teacher than numbers.*Delete/);
  });
});

describe('a fault of the disk', () => {
  test('at any write is reported, and keeps all earlier features', async () => {
    let writes = 0;
    for (let at = 0; ; at++) {
      rmSync(folder, { recursive: true });
      mkdirSync(folder);
      const store = openStore();
      let error: Error | undefined;
      const calls = await withFault('full', at, async () => {
        try {
          append(store, range(0, 4));
          append(store, range(4, 9));
        } catch (thrown) {
          error = thrown as Error;
        }
      });
      if (!error) {
        writes = calls;
        break;
      }
      expect(error.message).toMatch(/cannot be written to .*: the disk is full \(\d+ MiB free\).*are safe/);
      expect([0, 4]).toContain(present(openStore(), range(0, 9)).length);
      // After space is freed, the same store works again.
      append(store, range(0, 9));
      expect(present(store, range(0, 9))).toEqual(range(0, 9));
      expect(present(openStore(), range(0, 9))).toEqual(range(0, 9));
    }
    // The header and the folder's sync; then twice the rows and the records, each with a sync.
    expect(writes).toBe(10);
  });

  test('in the form of a crash at any call keeps all complete appends', async () => {
    for (let at = 0; at < 10; at++) {
      rmSync(folder, { recursive: true });
      mkdirSync(folder);
      const store = openStore();
      append(openStore(), [100]);
      await withFault('crash', at, async () => {
        append(store, range(0, 4));
        append(store, range(4, 9));
      }).catch(() => {});
      const next = openStore();
      const there = present(next, range(0, 101));
      expect(there).toEqual([...range(0, there.length - 1), 100]);
      append(next, range(0, 9));
      expect(present(openStore(), range(0, 101))).toEqual([...range(0, 9), 100]);
    }
  });
});

/** Kills of the writer. The campaign sets more. */
const KILLS = Number(process.env['UNITSPHERE_KILLS'] ?? 3);
test(`survives being killed at ${KILLS} random moments during writes`, {
  timeout: 120_000,
}, async () => {
  const program = bundleModule('./fixtures/writer.ts', import.meta.url);
  const random = new Random(3, 'kills');
  let kills = 0;
  let safe = 0;
  const count = 1e6;
  while (kills < KILLS) {
    const child = fork(program, [folder, String(count)]);
    let acknowledged = 0;
    child.on('message', (rows: number) => {
      acknowledged = rows;
    });
    const ended = once(child, 'exit');
    await Promise.race([once(child, 'message'), ended]);
    await sleep(random.uniform(0, 60));
    child.kill('SIGKILL');
    const [, signal] = await ended;
    expect(signal).toBe('SIGKILL');
    kills++;
    const store = openStore();
    // All acknowledged rows of all runs are present, and any further rows are intact.
    expect(store.rows).toBeGreaterThanOrEqual(acknowledged);
    expect(acknowledged).toBeGreaterThan(safe);
    safe = acknowledged;
    expect(present(store, range(0, store.rows)).length).toBe(store.rows);
    expect(store.damaged).toBe(0);
    store.close();
    open.pop();
  }
});

test('is written by two processes while a third reads it', { timeout: 60_000 }, async () => {
  const program = bundleModule('./fixtures/writer.ts', import.meta.url);
  const count = 8000;
  const children = [0, 1].map(() => fork(program, [folder, String(count)]));
  const ends = children.map((child) => once(child, 'exit'));
  // Waits for only one of them: the other may find all rows written, and then sends no message.
  await Promise.race(children.map((child) => once(child, 'message')));
  const reader = openStore();
  let running = true;
  void Promise.all(ends).then(() => {
    running = false;
  });
  while (running) {
    reader.refresh();
    present(reader, range(0, count));
    await sleep(5);
  }
  for (const end of ends) expect((await end)[0]).toBe(0);
  reader.refresh();
  expect(present(reader, range(0, count)).length).toBe(count);
  expect(reader.damaged).toBe(0);
});

test('creates a missing folder, and refuses a file in its place', () => {
  const missing = join(folder, 'a', 'b');
  new FeatureStore(missing, identity).close();
  expect(existsSync(missing)).toBe(true);
  writeFileSync(join(folder, 'file'), '');
  expect(() => new FeatureStore(join(folder, 'file'), identity)).toThrow(
    /a part of the path is not a folder|EEXIST/,
  );
});
