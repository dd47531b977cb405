import { Random } from '@unitsphere/core';
import { documentSmallThresholds } from '@unitsphere/models';
import { createGallery } from '@unitsphere/recognition';
import { describe, expect, test } from 'vitest';
import { chooseThreshold, requiredIdentities } from '../src/recognize/choose-threshold.js';

const SIZE = 8;
const axis = (k: number, other = 0) =>
  Float32Array.from({ length: SIZE }, (_, i) => (i === k ? 1 : 0) + (i === SIZE - 1 ? other : 0));

/** Chooses the threshold of a gallery with one embedding per identity. */
async function choose(embeddings: readonly Float32Array[], falseAcceptRate = 0.05, isFromShipped = true) {
  const gallery = await createGallery({ embeddingSize: SIZE });
  for (const [i, embedding] of embeddings.entries()) await gallery.enroll(`identity ${i}`, embedding);
  const own = embeddings.length < 3 ? undefined : await gallery.calibrate({ falseAcceptRate });
  const acceptRateAt = (threshold: number) => gallery.acceptRateAt(threshold);
  const chosen = chooseThreshold({
    identities: gallery.size,
    falseAcceptRate,
    own,
    acceptRateAt,
    shipped: isFromShipped ? documentSmallThresholds : undefined,
  });
  return { chosen, own };
}

describe('the threshold of a gallery', () => {
  test('is the shipped one for few identities, at the wanted rate divided by their number', async () => {
    const { chosen } = await choose([0, 1, 2, 3, 4].map((k) => axis(k)));
    // 5 % of 5 identities is the measured rate of 1 in 100.
    expect(chosen).toMatchObject({
      source: 'shipped',
      threshold: 0.3646,
      identities: 493,
      isContradicted: false,
    });
    expect(chosen?.rate).toBeCloseTo(0.05, 10);
    const { chosen: strict } = await choose(
      [0, 1, 2, 3, 4].map((k) => axis(k)),
      0.005,
    );
    expect(strict?.threshold).toBeCloseTo(0.5074, 10);
    const { chosen: between } = await choose(
      [0, 1, 2, 3, 4].map((k) => axis(k)),
      0.05 / Math.sqrt(10),
    );
    expect(between?.threshold).toBeCloseTo((0.3646 + 0.5074) / 2, 10);
  });

  test('is measured on the own identities if these contradict the shipped one', async () => {
    // All embeddings share a part, so different identities have cosines around 0.6.
    const random = new Random(1);
    const alike = Array.from({ length: 30 }, () =>
      Float32Array.from({ length: SIZE }, () => 1 + random.normal(0, 0.8)),
    );
    const { chosen, own } = await choose(alike);
    expect(chosen).toMatchObject({ source: 'gallery', isContradicted: true, threshold: own?.threshold });
    expect(chosen?.threshold).toBeGreaterThan(0.6);
  });

  test('is measured on the own identities for another network, and if there are enough of them', async () => {
    const { chosen } = await choose(
      [0, 1, 2].map((k) => axis(k)),
      0.05,
      false,
    );
    expect(chosen).toMatchObject({ source: 'gallery', isContradicted: false, identities: 3 });
    const count = requiredIdentities(0.1);
    const many = Array.from({ length: count }, (_, i) => axis(i % 7, i / count));
    expect((await choose(many, 0.1)).chosen?.source).toBe('gallery');
    expect((await choose(many.slice(1), 0.1)).chosen?.required).toBe(count);
  });

  test('is the shipped one for one identity, and missing if nothing is known', async () => {
    expect((await choose([axis(0)])).chosen?.source).toBe('shipped');
    const { own, chosen } = await choose([axis(0)], 0.05);
    expect(own).toBeUndefined();
    expect(chosen?.margin).toBe(0);
    const nothing = chooseThreshold({
      identities: 1,
      falseAcceptRate: 0.05,
      own: undefined,
      acceptRateAt: () => undefined,
      shipped: undefined,
    });
    expect(nothing).toBeUndefined();
  });
});
