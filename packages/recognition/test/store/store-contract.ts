/** What every gallery store does alike. */
import { expect, test } from 'vitest';
import type { GalleryHeader, GallerySnapshot, GalleryStore } from '../../src/store/gallery-store.js';
import { GalleryModel, randomChanges } from './gallery-model.js';

export const header: GalleryHeader = { embeddingSize: 4, embedder: 'sha256:0123' };

export const vector = (...values: number[]) => Float32Array.from(values);

/** Returns what a snapshot says of each identity: its metadata, and its templates' embeddings and metadata. */
export function describeGallery({ identities, templates, embeddings, header }: GallerySnapshot) {
  const size = header.embeddingSize;
  return Object.fromEntries(
    identities.map(({ id, name, metadata }) => [
      name,
      {
        metadata,
        templates: templates.flatMap((template, i) =>
          template.identityId === id
            ? [
                {
                  id: template.id,
                  embedding: [...embeddings.subarray(i * size, (i + 1) * size)],
                  metadata: template.metadata,
                },
              ]
            : [],
        ),
      },
    ]),
  );
}

/** @param create Creates an empty store. */
export function testStore(create: () => Promise<GalleryStore>): void {
  const run = (name: string, fn: (store: GalleryStore) => Promise<void>) =>
    test(name, async () => {
      const store = await create();
      try {
        await fn(store);
      } finally {
        await store.close();
      }
    });

  run('a new gallery is empty', async (store) => {
    expect(await store.read()).toEqual({
      header,
      revision: 0,
      identities: [],
      templates: [],
      embeddings: new Float32Array(0),
      calibration: null,
    });
  });

  run('enrolls, removes, renames and merges', async (store) => {
    const first = await store.write([
      {
        kind: 'enroll',
        name: 'Ana',
        templates: [
          { embedding: vector(1, 0, 0, 0) },
          { embedding: vector(0, 1, 0, 0), metadata: { file: 'b' } },
        ],
        metadata: { born: 1990, ключ: ['ä', null, true, { deep: -1.5 }] },
      },
      { kind: 'enroll', name: 'Böb "\\\n', templates: [{ embedding: vector(0, 0, 1, 0) }] },
    ]);
    expect(first).toEqual({ revision: 1, templateIds: [[1, 2], [3]], identityIds: [1, 2] });
    await store.write([{ kind: 'rename', name: 'Ana', to: 'Anna' }]);
    await store.write([{ kind: 'enroll', name: 'Anna', templates: [{ embedding: vector(0, 0, 0, 1) }] }]);
    expect(describeGallery(await store.read())).toEqual({
      Anna: {
        metadata: { born: 1990, ключ: ['ä', null, true, { deep: -1.5 }] },
        templates: [
          { id: 1, embedding: [1, 0, 0, 0], metadata: {} },
          { id: 2, embedding: [0, 1, 0, 0], metadata: { file: 'b' } },
          { id: 4, embedding: [0, 0, 0, 1], metadata: {} },
        ],
      },
      'Böb "\\\n': { metadata: {}, templates: [{ id: 3, embedding: [0, 0, 1, 0], metadata: {} }] },
    });
    await store.write([{ kind: 'merge', name: 'Anna', into: 'Böb "\\\n' }]);
    await store.write([{ kind: 'removeTemplates', ids: [2] }]);
    const merged = await store.read();
    expect(merged.templates.map(({ id }) => id)).toEqual([1, 3, 4]);
    expect(Object.keys(describeGallery(merged))).toEqual(['Böb "\\\n']);
    await store.write([{ kind: 'remove', name: 'Böb "\\\n' }]);
    expect(await store.read()).toMatchObject({ revision: 6, identities: [], templates: [] });
  });

  run('never assigns an id twice', async (store) => {
    const enroll = { kind: 'enroll', name: 'a', templates: [{ embedding: vector(1, 2, 3, 4) }] } as const;
    await store.write([enroll, { kind: 'remove', name: 'a' }]);
    await store.compact();
    expect(await store.write([enroll])).toMatchObject({ templateIds: [[2]], identityIds: [2] });
  });

  run('carries out the changes of a transaction in their order', async (store) => {
    await store.write([
      { kind: 'enroll', name: 'a', templates: [{ embedding: vector(1, 0, 0, 0) }] },
      { kind: 'enroll', name: 'b', templates: [{ embedding: vector(0, 1, 0, 0) }] },
    ]);
    await store.write([
      { kind: 'rename', name: 'a', to: 'c' },
      { kind: 'rename', name: 'b', to: 'a' },
      { kind: 'rename', name: 'c', to: 'b' },
      { kind: 'setMetadata', name: 'b', metadata: { was: 'a' } },
      { kind: 'enroll', name: 'd', templates: [{ embedding: vector(0, 0, 1, 0) }] },
      { kind: 'merge', name: 'a', into: 'd' },
      { kind: 'enroll', name: 'a', templates: [{ embedding: vector(0, 0, 0, 1) }] },
      { kind: 'remove', name: 'a' },
    ]);
    expect(describeGallery(await store.read())).toEqual({
      b: { metadata: { was: 'a' }, templates: [{ id: 1, embedding: [1, 0, 0, 0], metadata: {} }] },
      d: {
        metadata: {},
        templates: [
          { id: 2, embedding: [0, 1, 0, 0], metadata: {} },
          { id: 3, embedding: [0, 0, 1, 0], metadata: {} },
        ],
      },
    });
  });

  run('a transaction with a wrong change changes nothing', async (store) => {
    const good = { kind: 'enroll', name: 'a', templates: [{ embedding: vector(1, 0, 0, 0) }] } as const;
    await store.write([good]);
    const before = await store.read();
    for (const [change, code] of [
      [{ kind: 'remove', name: 'x' }, 'UNKNOWN_IDENTITY'],
      [{ kind: 'rename', name: 'x', to: 'y' }, 'UNKNOWN_IDENTITY'],
      [{ kind: 'rename', name: 'b', to: 'a' }, 'NAME_TAKEN'],
      [{ kind: 'merge', name: 'a', into: 'x' }, 'UNKNOWN_IDENTITY'],
      [{ kind: 'merge', name: 'a', into: 'a' }, 'INVALID_RECORD'],
      [{ kind: 'removeTemplates', ids: [99] }, 'UNKNOWN_TEMPLATE'],
      [{ kind: 'removeTemplates', ids: [1, 1] }, 'UNKNOWN_TEMPLATE'],
      [{ kind: 'enroll', name: '', templates: [] }, 'INVALID_RECORD'],
      [{ kind: 'enroll', name: '\ud800', templates: [] }, 'INVALID_RECORD'],
      [{ kind: 'enroll', name: 'c', templates: [{ embedding: vector(1, 2, 3) }] }, 'INVALID_RECORD'],
      [
        { kind: 'enroll', name: 'c', templates: [{ embedding: vector(1, 2, Number.NaN, 0) }] },
        'INVALID_RECORD',
      ],
      [{ kind: 'setMetadata', name: 'a', metadata: { x: Number.NaN } }, 'INVALID_RECORD'],
      [{ kind: 'setMetadata', name: 'a', metadata: { x: new Date(0) as never } }, 'INVALID_RECORD'],
    ] as const) {
      const changes = [{ ...good, name: 'b' }, change];
      await expect(store.write(changes), JSON.stringify(change)).rejects.toMatchObject({
        name: 'GalleryStoreError',
        code,
      });
    }
    expect(await store.read()).toEqual(before);
    expect(await store.write([good])).toMatchObject({ revision: 2, identityIds: [1] });
  });

  run('stores a calibration with its tensors', async (store) => {
    const calibration = {
      state: { threshold: 0.1234567890123456, falseAcceptRate: 0.01, interval: [0.1, 0.2] },
      tensors: {
        impostorScores: { shape: [3], data: vector(0.1, -0, 1e-42) },
        cohort: { shape: [2, 0], data: vector() },
      },
    };
    await store.write([{ kind: 'calibrate', calibration }]);
    expect((await store.read()).calibration).toEqual(calibration);
    await store.compact();
    expect((await store.read()).calibration).toEqual(calibration);
    await store.write([{ kind: 'calibrate', calibration: null }]);
    expect((await store.read()).calibration).toBeNull();
  });

  run('keeps every bit of an embedding', async (store) => {
    const embedding = vector(-0, 1e-45, 3.4028234663852886e38, 0.1);
    await store.write([{ kind: 'enroll', name: 'a', templates: [{ embedding }] }]);
    expect(new Uint8Array((await store.read()).embeddings.buffer)).toEqual(new Uint8Array(embedding.buffer));
  });

  run('agrees with a model over random transactions', async (store) => {
    const model = new GalleryModel();
    for (let i = 0; i < 60; i++) {
      const changes = randomChanges(model, i, header.embeddingSize);
      model.write(changes);
      const { revision } = await store.write(changes);
      expect(revision).toBe(i + 1);
      if (i % 17 === 16) await store.compact();
      if (i % 10 === 9) expect(model.describe()).toEqual(describeGallery(await store.read()));
    }
    expect(model.describe()).toEqual(describeGallery(await store.read()));
  });

  run('carries out overlapping calls one after another', async (store) => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        store.write([{ kind: 'enroll', name: `${i % 3}`, templates: [{ embedding: vector(i, 0, 0, 1) }] }]),
      ),
    );
    expect(results.map(({ revision }) => revision)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect((await store.read()).templates.map(({ id }) => id)).toEqual(
      Array.from({ length: 20 }, (_, i) => i + 1),
    );
  });

  test('refuses calls after close', async () => {
    const store = await create();
    await Promise.all([store.close(), store.close()]);
    for (const call of [store.read(), store.revision(), store.write([]), store.compact()]) {
      await expect(call).rejects.toMatchObject({ code: 'CLOSED' });
    }
  });
}
