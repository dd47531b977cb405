import { Random } from '@unitsphere/core/random';
import { describe, expect, test } from 'vitest';
import { drawOccluder } from '../src/drawing/occluder.js';
import { SceneSource } from '../src/index.js';
import { distance } from './compare-images.js';

const options = { identities: 12, seed: 3, size: 64 };

describe('SceneSource', () => {
  test('draws the same bytes in another source, whatever was drawn before', async () => {
    const [one, other] = [
      await SceneSource.create(options),
      await SceneSource.create({ ...options, identities: 20 }),
    ];
    for (const [identity, sample] of [
      [4, 2],
      [0, 1],
      [4, 0],
    ] as const) {
      await other.load(identity, sample + 1);
      const image = await one.load(identity, sample);
      expect([image.width, image.height, image.data.length]).toEqual([64, 64, 64 * 64 * 3]);
      expect((await other.load(identity, sample)).data).toEqual(image.data);
    }
  });

  test('photographs differ from the flat card and from each other', async () => {
    const source = await SceneSource.create(options);
    expect(source.identities[0]).toEqual({ name: 'scene-00000', samples: 9 });
    const [flat, first, second] = await Promise.all([0, 1, 2].map((sample) => source.load(1, sample)));
    expect(distance(flat, first)).toBeGreaterThan(5);
    expect(distance(first, second)).toBeGreaterThan(5);
    expect((await source.load(2, 0)).data).not.toEqual(flat.data);
  });

  test('the share of documents selects between cards and documents', async () => {
    const [cards, documents] = await Promise.all(
      [0, 1].map((share) => SceneSource.create({ ...options, documents: share })),
    );
    for (let i = 0; i < 3; i++)
      expect(distance(await cards.load(i, 0), await documents.load(i, 0))).toBeGreaterThan(5);
  });

  test('refuses options, identities and samples out of range', async () => {
    await expect(SceneSource.create({ identities: 3, documents: -1 })).rejects.toThrow(
      'documents must be in [0, 1]',
    );
    await expect(SceneSource.create({ identities: 3, samplesPerIdentity: 0 })).rejects.toThrow(
      'samplesPerIdentity',
    );
    const source = await SceneSource.create(options);
    await expect(source.load(12, 0)).rejects.toThrow('identity must be an integer in 0 … 11, not 12');
    await expect(source.load(0, -1)).rejects.toThrow('the sample must be a non-negative integer, not -1');
  });
});

test('an occluder covers a part of the card, at most its share', () => {
  for (let seed = 0; seed < 200; seed++) {
    const occluder = drawOccluder(new Random(seed), 0.2);
    let covered = 0;
    for (let y = 0; y < 50; y++) {
      for (let x = 0; x < 50; x++) if (occluder.covers((x + 0.5) / 50, (y + 0.5) / 50)) covered++;
    }
    expect(covered).toBeGreaterThan(0);
    // The grid counts a position whose center is covered.
    expect(covered / 2500).toBeLessThan(0.21);
  }
});
