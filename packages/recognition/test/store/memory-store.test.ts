import { describe, expect, test } from 'vitest';
import { MemoryStore } from '../../src/store/memory-store.js';
import { GalleryModel, randomChanges } from './gallery-model.js';
import { describeGallery, header, testStore, vector } from './store-contract.js';

describe('memory', () => testStore(async () => new MemoryStore(header)));

test('toBytes and fromBytes keep everything, ids included', async () => {
  const store = new MemoryStore(header);
  const model = new GalleryModel();
  for (let i = 0; i < 40; i++) {
    const changes = randomChanges(model, i, header.embeddingSize);
    model.write(changes);
    await store.write(changes);
  }
  const copy = await MemoryStore.fromBytes(await store.toBytes());
  expect(await copy.read()).toEqual(await store.read());
  expect(describeGallery(await copy.read())).toEqual(model.describe());
  const enroll = { kind: 'enroll', name: 'new', templates: [{ embedding: new Float32Array(4) }] } as const;
  expect(await copy.write([enroll])).toEqual(await store.write([enroll]));
});

test('fromBytes leaves the bytes alone, whatever view of a buffer they are', async () => {
  const store = new MemoryStore(header);
  await store.write([{ kind: 'enroll', name: 'a', templates: [{ embedding: vector(1, 2, 3, 4) }] }]);
  const bytes = await store.toBytes();
  for (const offset of [0, 1, 6]) {
    const view = Buffer.alloc(bytes.length + 8).subarray(offset, offset + bytes.length);
    view.set(bytes);
    expect(await (await MemoryStore.fromBytes(view)).read()).toEqual(await store.read());
    expect(new Uint8Array(view)).toEqual(bytes);
  }
});

test('a caller that changes its objects afterward changes nothing stored', async () => {
  const store = new MemoryStore(header);
  const embedding = Float32Array.of(1, 2, 3, 4);
  const metadata = { tags: ['a'] };
  await store.write([{ kind: 'enroll', name: 'a', templates: [{ embedding, metadata }] }]);
  const before = await store.read();
  embedding.fill(9);
  metadata.tags.push('b');
  before.embeddings.fill(7);
  expect(describeGallery(await store.read())).toEqual({
    a: { metadata: {}, templates: [{ id: 1, embedding: [1, 2, 3, 4], metadata: { tags: ['a'] } }] },
  });
});

test('refuses headers out of range', () => {
  for (const wrong of [
    { embeddingSize: 0 },
    { embeddingSize: 1.5 },
    { embedder: '' },
    { embedder: 'x'.repeat(257) },
  ]) {
    expect(() => new MemoryStore({ ...header, ...wrong })).toThrow(/must be/);
  }
});
