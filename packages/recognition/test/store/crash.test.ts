/** A file store that ends at each of its writes, loses power there, or meets a full disk. */
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Crash } from '@unitsphere/testing/faults';
import { FuzzRandom } from '@unitsphere/testing/fuzz/random';
import { type HandleFault, withHandleFault } from '@unitsphere/testing/handle-faults';
import { afterAll, describe, expect, test } from 'vitest';
import { openFileStore } from '../../src/file.js';
import type { GalleryChange, GalleryStore } from '../../src/store/gallery-store.js';
import { makeFastFolder } from './fast-folder.js';
import { describeGallery, header, vector } from './store-contract.js';

const folder = makeFastFolder('gallery-crash-');
afterAll(() => rmSync(folder, { recursive: true }));
const [base, path] = [join(folder, 'base.safetensors'), join(folder, 'gallery.safetensors')];

const enroll = (name: string, count: number): GalleryChange => ({
  kind: 'enroll',
  name,
  templates: Array.from({ length: count }, (_, i) => ({ embedding: vector(i, 2, 3, 4) })),
  metadata: { note: 'x'.repeat(50) },
});

/** Transactions; null is a compaction. The third exceeds the reserved room, so that the file is rewritten. */
const steps: (GalleryChange[] | null)[] = [
  [enroll('c', 2), { kind: 'remove', name: 'a' }],
  null,
  [enroll('many', 300), { kind: 'calibrate', calibration: { state: { t: 1 }, tensors: {} } }],
  [{ kind: 'merge', name: 'c', into: 'b' }, enroll('brief', 1), { kind: 'remove', name: 'brief' }],
  [{ kind: 'removeTemplates', ids: [3] }, enroll('d', 1)],
];

/** Descriptions of the gallery after each number of transactions. */
const states: unknown[] = [];

async function prepare(): Promise<void> {
  const store = await openFileStore(base, { header });
  await store.write([enroll('a', 2), enroll('b', 3)]);
  await store.close();
  copyFileSync(base, path);
  const whole = await openFileStore(path);
  const describe = async () => states.push(describeGallery(await whole.read()));
  await describe();
  for (const step of steps) {
    if (!step) continue;
    await whole.write(step);
    await describe();
  }
  await whole.close();
}
const prepared = prepare();

/** Opens the file and carries out the steps, until one fails. @returns The number of acknowledged transactions. */
async function work(onError: (error: unknown, store?: GalleryStore) => void): Promise<number> {
  let acknowledged = 0;
  let store: GalleryStore | undefined;
  try {
    store = await openFileStore(path);
    for (const step of steps) {
      if (!step) await store.compact();
      else {
        await store.write(step);
        acknowledged++;
      }
    }
  } catch (error) {
    onError(error, store);
  }
  // Without the disk it cannot do more than release the lock.
  await store?.close().catch(() => {});
  return acknowledged;
}

/** Runs the steps with a fault at a call, and checks what is stored afterward. @returns Whether the fault occurred. */
async function check(fault: HandleFault, at: number, keeps?: () => boolean): Promise<boolean> {
  copyFileSync(base, path);
  let acknowledged = 0;
  const calls = await withHandleFault(
    fault,
    at,
    async () => {
      acknowledged = await work((error) => expect(error, `${fault} at ${at}`).toBeInstanceOf(Crash));
    },
    keeps,
  );
  const reader = await openFileStore(path, { readOnly: true });
  const read = await reader.read();
  await reader.close();
  const writer = await openFileStore(path);
  const written = await writer.read();
  // The writer restores what the log repeats, and stores more.
  await writer.write([enroll('after', 1)]);
  await writer.close();
  const context = `${fault} at ${at}, ${acknowledged} acknowledged`;
  expect(written, context).toEqual(read);
  const possible = states.slice(acknowledged, acknowledged + 2);
  expect(possible, context).toContainEqual(describeGallery(read));
  // The log has all that the header tells.
  const headless = readFileSync(path);
  headless.fill(0x7b, 100, 600);
  writeFileSync(path, headless);
  const again = await openFileStore(path, { readOnly: true });
  expect((await again.read()).revision).toBe(read.revision + 1);
  await again.close();
  expect(readdirSync(folder).sort(), context).toEqual(['base.safetensors', 'gallery.safetensors']);
  // The writer restores the header, and labels that agree with the log, as a reader in Python requires.
  const last = await openFileStore(path);
  await last.close();
  const bytes = readFileSync(path);
  const text = bytes.toString('latin1', 8, 4096);
  const { embeddings, __metadata__: metadata } = JSON.parse(text);
  expect(metadata.revision).toBe(String(read.revision + 1));
  expect(bytes.length).toBe(4096 + embeddings.data_offsets[1]);
  return at < calls;
}

describe('every acknowledged transaction is there, and none is torn', () => {
  test('after a crash at each write', { timeout: 120_000 }, async () => {
    await prepared;
    let at = 0;
    while (await check('crash', at)) at++;
    expect(at).toBeGreaterThan(30);
  });

  test('after a loss of power at each write, whichever unsynced writes reach the disk', {
    timeout: 240_000,
  }, async () => {
    await prepared;
    for (let seed = 0; seed < 3; seed++) {
      const random = new FuzzRandom(seed);
      const keeps = seed === 0 ? () => false : () => random.below(2) === 1;
      let at = 0;
      while (await check('power', at, keeps)) at++;
      expect(at).toBeGreaterThan(30);
    }
  });
});

test('a disk that is full at each write refuses the transaction, and the store goes on when there is space', {
  timeout: 120_000,
}, async () => {
  await prepared;
  let isFull = true;
  for (let at = 0; isFull; at++) {
    copyFileSync(base, path);
    let store: GalleryStore | undefined;
    let acknowledged = 0;
    isFull = false;
    await withHandleFault('full', at, async () => {
      try {
        store = await openFileStore(path);
        for (const step of steps) {
          if (!step) await store.compact();
          else {
            await store.write(step);
            acknowledged++;
          }
        }
      } catch (error) {
        isFull = true;
        expect(error, `full at ${at}`).toMatchObject({ name: 'GalleryStoreError', code: 'DISK_FULL' });
      }
    });
    // Opening a clean file may have nothing to write that fails.
    store ??= await openFileStore(path);
    expect(describeGallery(await store.read()), `full at ${at}`).toEqual(states[acknowledged]);
    const rest = steps.filter((step) => step !== null).slice(acknowledged);
    for (const step of rest) await store.write(step);
    await store.close();
    const reader = await openFileStore(path, { readOnly: true });
    expect(describeGallery(await reader.read()), `full at ${at}`).toEqual(states.at(-1));
    await reader.close();
  }
});
