import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileStore } from '../src/file.js';
import type { GalleryChange, GalleryHeader } from '../src/store/gallery-store.js';
import { MemoryStore } from '../src/store/memory-store.js';
import { fixtureHeader, fixtureTransactions } from '../test/store/gallery-fixture.js';
import { GalleryModel, randomChanges } from '../test/store/gallery-model.js';
import { formatSnapshot, type Seed } from './cases.js';

/** Returns the files that are mutated: with and without spare room, empty, interrupted, and rewritten. */
export async function createSeeds(): Promise<Seed[]> {
  const model = new GalleryModel();
  const transactions = Array.from({ length: 12 }, (_, i) => {
    const changes = randomChanges(model, i, 5);
    model.write(changes);
    return changes;
  });
  const header = { embeddingSize: 5, embedder: 'sha256:é' };
  const grown = await createSeed(fixtureHeader, fixtureTransactions);
  const random = await createSeed(header, transactions);
  const interrupted = new Uint8Array(grown.bytes.length + 20).fill(7);
  interrupted.set(grown.bytes);
  const { log } = JSON.parse(new TextDecoder().decode(grown.bytes.subarray(8, 4096)));
  interrupted.set(new TextEncoder().encode('{"revision":8,"templ'), 4096 + log.shape[0]);
  return [
    grown,
    random,
    await createSeed(fixtureHeader, []),
    { ...grown, bytes: interrupted },
    await packed(header, transactions),
    await packed(fixtureHeader, fixtureTransactions),
  ];
}

async function createSeed(header: GalleryHeader, transactions: GalleryChange[][]): Promise<Seed> {
  const folder = mkdtempSync(join(tmpdir(), 'gallery-fuzz-'));
  const path = join(folder, 'g.safetensors');
  try {
    const store = await openFileStore(path, { header });
    const states = [formatSnapshot(await store.read())];
    for (const changes of transactions) {
      await store.write(changes);
      states.push(formatSnapshot(await store.read()));
    }
    await store.close();
    return { bytes: new Uint8Array(readFileSync(path)), states };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A rewritten file holds all transactions in lines of their records, so that an end of its log can be cut off anywhere. */
async function packed(header: GalleryHeader, transactions: GalleryChange[][]): Promise<Seed> {
  const store = new MemoryStore(header);
  for (const changes of transactions) await store.write(changes);
  return { bytes: await store.toBytes(), states: [formatSnapshot(await store.read())] };
}
