/** The bytes of the file, and what Python's safetensors reads of them (tools/golden/gallery_file.py). */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors } from '@unitsphere/core/safetensors';
import { expect, test } from 'vitest';
import { openFileStore } from '../../src/file.js';
import { MemoryStore } from '../../src/store/memory-store.js';
import { fixtureHeader, fixtureTransactions } from './gallery-fixture.js';
import { describeGallery } from './store-contract.js';

const read = (name: string) => readFileSync(new URL(`../files/${name}`, import.meta.url));
const file = read('gallery.safetensors');
const golden = JSON.parse(read('gallery.json').toString());

test('the same transactions write the same bytes as when Python read them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gallery-format-'));
  try {
    const path = join(folder, 'g.safetensors');
    const store = await openFileStore(path, { header: fixtureHeader });
    for (const changes of fixtureTransactions) await store.write(changes);
    // Readable after each acknowledged transaction, also before the file is closed.
    expect(readFileSync(path).equals(file)).toBe(true);
    await store.close();
    expect(readFileSync(path).equals(file)).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the store reads what Python reads', async () => {
  const snapshot = await (await MemoryStore.fromBytes(file)).read();
  const { identities, templates, embeddings, header } = snapshot;
  const nameOf = new Map(identities.map(({ id, name }) => [id, name]));
  const size = header.embeddingSize;
  expect(
    templates.map(({ identityId }, i) => [
      nameOf.get(identityId),
      [...embeddings.subarray(i * size, (i + 1) * size)],
    ]),
  ).toEqual(golden.templates);
  expect(golden.metadata).toMatchObject({
    embedder: header.embedder,
    embedding_size: String(size),
    revision: String(snapshot.revision),
    identities: String(identities.length),
    templates: String(templates.length),
  });
  expect(describeGallery(snapshot)).toMatchObject({ Anna: { metadata: { id: 7 } } });
});

test('a packed file is safetensors too', async () => {
  const store = new MemoryStore(fixtureHeader);
  for (const changes of fixtureTransactions) {
    const { tensors, metadata } = readSafetensors(await store.toBytes());
    const { templates } = await store.read();
    expect(metadata['templates']).toBe(String(templates.length));
    expect(tensors.get('labels')?.data).toEqual(Int32Array.from(templates, ({ identityId }) => identityId));
    expect(tensors.get('embeddings')?.shape).toEqual([templates.length, 3]);
    expect(tensors.get('log.unused')?.data.length).toBeLessThan(64);
    await store.write(changes);
  }
});
