import { expect, test } from 'vitest';
import { createGallery, MemoryStore, openGallery } from '../src/index.js';
import { Population } from './draw-identities.js';

async function galleryOf(count: number) {
  const people = new Population(1);
  const gallery = await createGallery({ embeddingSize: 32 });
  for (let n = 0; n < count; n++) await gallery.enroll(`identity ${n}`, people.draw());
  return { gallery, people };
}

/** Returns a vector near another one: their cosine is about 1 − distance. */
function near(vector: Float32Array, distance: number, people: Population): Float32Array {
  const [other] = people.draw();
  const length = (values: Float32Array) => Math.hypot(...values);
  const scale = (Math.sqrt(2 * distance) * length(vector)) / length(other);
  return vector.map((value, d) => value + scale * other[d]);
}

test('leaves out an identity that was enrolled twice, and names it', async () => {
  const { gallery, people } = await galleryOf(60);
  const before = await gallery.calibrate({ falseAcceptRate: 0.05 });
  expect(before).toMatchObject({ duplicates: [], newDuplicates: [], thresholdWithDuplicates: undefined });
  const [twice] = people.draw();
  await gallery.enroll('one', twice);
  await gallery.enroll('other', twice);
  const found = await gallery.calibrate({ falseAcceptRate: 0.01 });
  expect(found.duplicates).toEqual([{ names: ['one', 'other'], score: 1 }]);
  expect(found.newDuplicates).toEqual([]);
  expect(found.thresholdWithDuplicates).toBeGreaterThan(found.threshold);
  expect(found.threshold).toBeLessThan(0.95);
  expect(found.closest?.score).toBeLessThan(0.95);
  // The two are one stranger.
  expect(found).toMatchObject({ identities: 62, strangers: 61 });
  expect(found.warnings.join('\n')).toContain(
    '"one" and "other" look like one identity enrolled twice, with a score of 1.0000.',
  );
  const rateBefore = gallery.acceptRateAt(0.9);
  const again = await openGallery(await gallery.toBytes());
  expect(again.calibration).toEqual({ ...found, isStale: true });
  await gallery.merge('other', 'one');
  // It is not measured again yet: the merged pair is no duplicate any more, and counts as one identity.
  expect(gallery.calibration).toMatchObject({
    isStale: true,
    identities: 61,
    threshold: found.threshold,
    duplicates: [],
    thresholdWithDuplicates: undefined,
  });
  expect(gallery.acceptRateAt(0.9)).toEqual(rateBefore);
  const { warnings, duplicates, threshold } = await gallery.calibrate({ falseAcceptRate: 0.01 });
  expect({ threshold, duplicates }).toEqual({ threshold: found.threshold, duplicates: [] });
  expect(warnings.join()).not.toContain('one');
});

test('leaves out three names of one identity', async () => {
  const { gallery, people } = await galleryOf(60);
  const [image] = people.draw();
  for (const name of ['a', 'b', 'c']) await gallery.enroll(name, image);
  const { duplicates, strangers, threshold } = await gallery.calibrate({ falseAcceptRate: 0.01 });
  expect(new Set(duplicates.flatMap(({ names }) => names))).toEqual(new Set(['a', 'b', 'c']));
  expect(strangers).toBe(61);
  expect(threshold).toBeLessThan(0.95);
});

test('lists a chain of duplicates whole, also where two pairs of it are each nearest', async () => {
  const { gallery, people } = await galleryOf(60);
  const [first] = people.draw();
  const third = near(first, 1e-3, people);
  await gallery.enroll('a', first);
  await gallery.enroll('b', near(first, 1e-5, people));
  await gallery.enroll('c', third);
  await gallery.enroll('d', near(third, 1e-5, people));
  await gallery.enroll('e', near(third, 4e-4, people));
  const { duplicates, strangers, closest, threshold } = await gallery.calibrate({ falseAcceptRate: 0.01 });
  expect(new Set(duplicates.flatMap(({ names }) => names))).toEqual(new Set(['a', 'b', 'c', 'd', 'e']));
  // Five names need four pairs to become one, and the most similar pair is first.
  expect(duplicates).toHaveLength(4);
  expect(duplicates.map(({ score }) => score)).toEqual(
    duplicates.map(({ score }) => score).sort((a, b) => b - a),
  );
  expect(strangers).toBe(61);
  expect(closest?.names.join()).not.toMatch(/\b[abcde]\b/);
  expect(threshold).toBeLessThan(0.95);
});

test('keeps twins that the user knows to be different, also as the gallery grows', async () => {
  const { gallery, people } = await galleryOf(60);
  const [twice] = people.draw();
  await gallery.enroll('one', twice);
  await gallery.enroll('twin', twice);
  const found = await gallery.calibrate({ falseAcceptRate: 0.01, keepDuplicates: true });
  expect(found).toMatchObject({ duplicates: [], newDuplicates: [], strangers: 62 });
  expect(found.closest).toEqual({ names: ['one', 'twin'], score: 1 });
  const again = await openGallery(await gallery.toBytes());
  await again.enroll('another', people.draw());
  const { threshold } = await again.recognize(twice);
  expect(again.calibration).toMatchObject({ duplicates: [], newDuplicates: [], strangers: 63, threshold });
  expect(again.calibration?.closest).toEqual(found.closest);
});

test('only `calibrate` leaves out more identities: a gallery that measures itself again reports them', async () => {
  const { gallery, people } = await galleryOf(60);
  const before = await gallery.calibrate({ falseAcceptRate: 0.01 });
  const [twice] = people.draw();
  await gallery.enroll('one', twice);
  await gallery.enroll('other', twice);
  const { threshold } = await gallery.recognize(twice);
  const measured = gallery.calibration;
  expect(measured).toMatchObject({
    isStale: false,
    duplicates: [],
    newDuplicates: [{ names: ['one', 'other'], score: 1 }],
    closest: { names: ['one', 'other'], score: 1 },
    strangers: 62,
    threshold,
  });
  expect(threshold).toBeGreaterThanOrEqual(before.threshold);
  expect(measured?.warnings[0]).toMatch(
    /"one" and "other" look like one .* They were enrolled after the calibration/,
  );
  // A calibration with the pair decides the same threshold, and one that leaves it out a lower one.
  const kept = await gallery.calibrate({ falseAcceptRate: 0.01, keepDuplicates: true });
  expect(kept.threshold).toBe(threshold);
  const left = await gallery.calibrate({ falseAcceptRate: 0.01 });
  expect(left).toMatchObject({ duplicates: measured?.newDuplicates, newDuplicates: [] });
  expect(left.threshold).toBeLessThan(threshold as number);
});

test('pairs that `calibrate` left out stay out as the gallery grows, is renamed or is copied', async () => {
  const { gallery, people } = await galleryOf(60);
  // The copy gives other ids.
  await gallery.remove('identity 3');
  const [twice] = people.draw();
  await gallery.enroll('one', twice);
  await gallery.enroll('other', twice);
  await gallery.calibrate({ falseAcceptRate: 0.01 });
  await gallery.rename('other', 'new name');
  const pair = { names: ['one', 'new name'], score: 1 };
  expect(gallery.calibration).toMatchObject({ duplicates: [pair], isStale: false });
  const store = new MemoryStore({ embeddingSize: 32, embedder: 'unknown' });
  await gallery.save(store);
  const copy = await openGallery(store);
  for (const grown of [gallery, await openGallery(await gallery.toBytes()), copy]) {
    await grown.enroll('another', people.draw());
    await grown.recognize(twice);
    expect(grown.calibration).toMatchObject({ duplicates: [pair], newDuplicates: [], strangers: 61 });
    // Enrolled again, it is another identity that nobody has confirmed to be the same.
    await grown.remove('new name');
    await grown.enroll('new name', twice);
    await grown.recognize(twice);
    expect(grown.calibration).toMatchObject({ duplicates: [], newDuplicates: [pair], strangers: 62 });
  }
});
