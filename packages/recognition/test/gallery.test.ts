import { describe, expect, test, vi } from 'vitest';
import {
  createGallery,
  ExactIndex,
  type Gallery,
  type GalleryEmbedder,
  type IndexedTemplate,
  MemoryStore,
  openGallery,
} from '../src/index.js';
import { Population } from './draw-identities.js';

const vector = (...values: number[]) => Float32Array.from(values);

interface TestImage {
  pixels: number[];
}

/** Embeds an image, an array of numbers, as itself. */
function createEmbedder(fingerprint = 'test embedder', embeddingSize = 3) {
  const calls = vi.fn(async (images: readonly TestImage[]) =>
    images.map(({ pixels }) => Float32Array.from(pixels)),
  );
  const embedder: GalleryEmbedder<TestImage> = { embeddingSize, fingerprint, embed: calls as never };
  return { embedder, calls };
}
const image = (...pixels: number[]) => ({ pixels });

async function smallGallery() {
  const gallery = await createGallery({ embeddingSize: 3 });
  await gallery.enroll('Ada', [vector(1, 0, 0), vector(0.9, 0.1, 0)], { team: 1 });
  await gallery.enroll('Grace', vector(0, 1, 0));
  await gallery.enroll('Edsger', vector(0, 0, 1));
  return gallery;
}

describe('recognize', () => {
  test('ranks identities by their best template', async () => {
    const gallery = await smallGallery();
    const { matches } = await gallery.recognize(vector(0.9, 0.1, 0), { k: 2 });
    expect(matches).toEqual([
      { name: 'Ada', score: 1, template: 2, metadata: { team: 1 } },
      { name: 'Grace', score: Math.fround(0.1 / Math.hypot(0.9, 0.1)), template: 3, metadata: {} },
    ]);
  });

  test('decides nothing without a calibration or a threshold', async () => {
    const gallery = await smallGallery();
    const found = await gallery.recognize(vector(1, 0, 0));
    expect(found).toMatchObject({ decision: 'undecided', name: null, threshold: undefined });
    expect(found.matches).toHaveLength(3);
  });

  test.each([
    { query: [1, 0.01, 0], decision: 'known', name: 'Ada' },
    { query: [1, 1, 1], decision: 'unknown', name: null },
    { query: [1, 0.98, 0], decision: 'ambiguous', name: null },
    { query: [1, 0.6, 0], decision: 'known', name: 'Ada' },
  ])('decides $decision for $query', async ({ query, decision, name }) => {
    const gallery = await smallGallery();
    const options = { threshold: 0.7, margin: 0.1, k: 1 };
    expect(await gallery.recognize(vector(...query), options)).toMatchObject({ decision, name });
  });

  test('calls equal scores ambiguous with any margin', async () => {
    const gallery = await createGallery({ embeddingSize: 3 });
    await gallery.enroll('b', vector(1, 0, 0));
    await gallery.enroll('a', vector(2, 0, 0));
    const { decision, matches } = await gallery.recognize(vector(1, 0, 0), { threshold: 0.5 });
    expect(decision).toBe('ambiguous');
    // In the order of enrollment.
    expect(matches.map(({ name }) => name)).toEqual(['b', 'a']);
  });

  test('is unknown in an empty gallery', async () => {
    const gallery = await createGallery({ embeddingSize: 3 });
    expect(await gallery.recognize(vector(1, 0, 0), { threshold: 0.5 })).toMatchObject({
      decision: 'unknown',
      matches: [],
    });
  });

  test('refuses embeddings that cannot be compared', async () => {
    const gallery = await smallGallery();
    await expect(gallery.recognize(vector(1, 0))).rejects.toThrow(
      '2 values, but those of the gallery have 3',
    );
    await expect(gallery.recognize(vector(0, 0, 0))).rejects.toThrow('zero');
    await expect(gallery.recognize(vector(Number.NaN, 0, 1))).rejects.toThrow('NaN');
    await expect(gallery.enroll('x', [])).rejects.toThrow('there is no image of "x"');
    await expect(gallery.recognize(vector(1, 0, 0), { k: 0 })).rejects.toThrow('k must be an integer');
  });
});

describe('a gallery', () => {
  test('removes, renames and merges identities', async () => {
    const gallery = await smallGallery();
    await gallery.rename('Grace', 'Grace Hopper');
    await gallery.merge('Edsger', 'Ada');
    await gallery.remove('Grace Hopper');
    expect(gallery.list()).toEqual([
      { name: 'Ada', metadata: { team: 1 }, templates: [1, 2, 4].map((id) => ({ id, metadata: {} })) },
    ]);
    const { matches } = await gallery.recognize(vector(0, 0, 1));
    expect(matches).toEqual([{ name: 'Ada', score: 1, template: 4, metadata: { team: 1 } }]);
    await expect(gallery.remove('Grace')).rejects.toMatchObject({ code: 'UNKNOWN_IDENTITY' });
    await expect(gallery.merge('Ada', 'Ada')).rejects.toThrow();
    expect(gallery.size).toBe(1);
  });

  test('embeds images in one call, and takes embeddings beside them', async () => {
    const { embedder, calls } = createEmbedder();
    const gallery = await createGallery({ embedder });
    await gallery.enroll('Ada', [image(1, 0, 0), vector(0, 1, 0), image(0, 0, 1)]);
    expect(calls).toHaveBeenCalledTimes(1);
    const { matches } = await gallery.recognize(image(0, 0, 2));
    expect(matches[0]).toMatchObject({ name: 'Ada', template: 3, score: 1 });
    expect(gallery.fingerprint).toBe('test embedder');
  });

  test('says what is missing for images without an embedder', async () => {
    const gallery = await createGallery<TestImage>({ embeddingSize: 3 });
    await expect(gallery.enroll('Ada', image(1, 0, 0))).rejects.toThrow('Pass `embedder`');
    await expect(createGallery({})).rejects.toThrow('createGallery needs');
  });

  test('refuses the embedder of another gallery', async () => {
    const gallery = await createGallery(createEmbedder());
    await gallery.enroll('Ada', image(1, 0, 0));
    const bytes = await gallery.toBytes();
    await expect(openGallery(bytes, createEmbedder('another'))).rejects.toMatchObject({
      code: 'WRONG_EMBEDDER',
    });
    const again = await openGallery(bytes, createEmbedder());
    expect((await again.recognize(image(1, 0, 0))).matches[0].name).toBe('Ada');
  });

  test('follows another writer of its store', async () => {
    const store = new MemoryStore({ embeddingSize: 3, embedder: 'test' });
    const one = await createGallery({ store });
    const other = await openGallery(store);
    await one.enroll('Ada', vector(1, 0, 0));
    await other.enroll('Grace', vector(0, 1, 0));
    expect(other.list().map(({ name }) => name)).toEqual(['Ada', 'Grace']);
    await one.refresh();
    expect((await one.recognize(vector(0, 1, 0))).matches[0].name).toBe('Grace');
  });

  test('saves to another store', async () => {
    const gallery = await smallGallery();
    await gallery.calibrate({ falseAcceptRate: 0.1 });
    const store = new MemoryStore({ embeddingSize: 3, embedder: 'unknown' });
    await gallery.save(store);
    const copy = await openGallery(store);
    const contents = (of: typeof gallery) =>
      of.list().map(({ name, metadata, templates }) => [name, metadata, templates.length]);
    expect(contents(copy)).toEqual(contents(gallery));
    await expect(gallery.save(store)).rejects.toThrow('already has a gallery');
  });
});

describe('an index that fails', () => {
  /** An exact index whose next calls of some methods fail. */
  class FailingIndex extends ExactIndex {
    failures: string[] = [];
    override reserve(templates: number): void {
      this.#fail('reserve');
      super.reserve(templates);
    }
    override add(templates: readonly IndexedTemplate[]): void {
      // Half of the work is done when it fails.
      if (this.failures.includes('add')) super.add(templates.slice(0, 1));
      this.#fail('add');
      super.add(templates);
    }
    override remove(templates: readonly number[]): void {
      if (this.failures.includes('remove')) super.remove(templates.slice(0, 1));
      this.#fail('remove');
      super.remove(templates);
    }
    override assign(templates: readonly number[], identity: number): void {
      this.#fail('assign');
      super.assign(templates, identity);
    }
    #fail(method: string): void {
      const at = this.failures.indexOf(method);
      if (at < 0) return;
      this.failures.splice(at, 1);
      throw new RangeError(`${method} fails`);
    }
  }
  async function failingGallery() {
    const index = new FailingIndex(3);
    const gallery = await createGallery({ embeddingSize: 3, index });
    await gallery.enroll('Ada', [vector(1, 0, 0), vector(0.9, 0.1, 0)]);
    await gallery.enroll('Grace', vector(0, 1, 0));
    return { index, gallery };
  }
  const best = async (gallery: Gallery, ...values: number[]) =>
    (await gallery.recognize(vector(...values), { k: 1 })).matches[0];

  test('refuses an enrollment that has no room, before anything is stored', async () => {
    const { index, gallery } = await failingGallery();
    index.failures = ['reserve'];
    await expect(gallery.enroll('Edsger', vector(0, 0, 1))).rejects.toThrow('reserve fails');
    expect(gallery.has('Edsger')).toBe(false);
    expect((await openGallery(await gallery.toBytes())).has('Edsger')).toBe(false);
  });

  test('is filled again from the store', async () => {
    const { index, gallery } = await failingGallery();
    index.failures = ['add'];
    expect(await gallery.enroll('Edsger', [vector(0, 0, 1), vector(0, 0.1, 1)])).toEqual([4, 5]);
    expect(index.size).toBe(5);
    expect(await best(gallery, 0, 0.1, 1)).toMatchObject({ name: 'Edsger', template: 5 });
    index.failures = ['assign'];
    await gallery.merge('Grace', 'Ada');
    expect(await best(gallery, 0, 1, 0)).toMatchObject({ name: 'Ada', score: 1 });
    index.failures = ['remove'];
    await gallery.remove('Ada');
    expect(index.size).toBe(2);
    expect(await best(gallery, 1, 0, 0)).toMatchObject({ name: 'Edsger' });
  });

  test('is filled again at the next call if it fails twice', async () => {
    const { index, gallery } = await failingGallery();
    index.failures = ['add', 'add'];
    await expect(gallery.enroll('Edsger', vector(0, 0, 1))).rejects.toThrow('add fails');
    // The enrollment is in the store.
    expect(await best(gallery, 0, 0, 1)).toMatchObject({ name: 'Edsger', score: 1 });
    index.failures = ['remove', 'remove'];
    await expect(gallery.remove('Ada')).rejects.toThrow('remove fails');
    expect(await best(gallery, 1, 0, 0)).not.toMatchObject({ name: 'Ada' });
    expect(index.size).toBe(2);
  });

  test('keeps the calibration that is stored if a new one cannot be', async () => {
    const store = new MemoryStore({ embeddingSize: 3, embedder: 'test' });
    const gallery = await createGallery({ store });
    for (let n = 0; n < 5; n++) await gallery.enroll(`${n}`, vector(1, n, n * n));
    const { falseAcceptRate } = await gallery.calibrate({ falseAcceptRate: 0.1 });
    vi.spyOn(store, 'write').mockRejectedValue(new Error('the disk is full'));
    await expect(gallery.calibrate({ falseAcceptRate: 0.2 })).rejects.toThrow('the disk is full');
    expect(gallery.calibration?.falseAcceptRate).toBe(falseAcceptRate);
  });
});

describe('a calibration', () => {
  async function galleryOf(count: number) {
    const people = new Population(1);
    const gallery = await createGallery({ embeddingSize: 32 });
    for (let n = 0; n < count; n++) await gallery.enroll(`identity ${n}`, people.draw());
    return { gallery, people };
  }

  test('follows the gallery as it grows', async () => {
    const { gallery, people } = await galleryOf(50);
    const before = await gallery.calibrate({ falseAcceptRate: 0.05 });
    expect(before).toMatchObject({ identities: 50, isStale: false, source: 'gallery' });
    for (let n = 50; n < 200; n++) await gallery.enroll(`identity ${n}`, people.draw());
    expect(gallery.calibration).toMatchObject({ identities: 200, isStale: true });
    const { threshold } = await gallery.recognize(people.draw()[0]);
    expect(gallery.calibration).toMatchObject({ identities: 200, strangers: 200, isStale: false, threshold });
    const { threshold: anew } = await gallery.calibrate({ falseAcceptRate: 0.05 });
    expect(threshold).toBe(anew);
  });

  test('measures its strangers again as the gallery grows, also after it was stored', async () => {
    const { gallery, people } = await galleryOf(20);
    const embeddings = Array.from({ length: 200 }, () => people.draw()[0]);
    await gallery.calibrate({ falseAcceptRate: 0.05, embeddings });
    const again = await openGallery(await gallery.toBytes());
    expect(again.calibration?.enrolledStrangers).toEqual([]);
    await again.enroll('stranger 7', embeddings[7]);
    const { threshold } = await again.recognize(embeddings[8]);
    const enrolled = { stranger: 7, name: 'stranger 7', score: 1 };
    expect(again.calibration?.enrolledStrangers).toEqual([enrolled]);
    expect(again.calibration?.warnings.join()).toContain(
      'Stranger 7 has a score of 1.0000 with "stranger 7"',
    );
    expect(again.calibration).toMatchObject({ identities: 21, strangers: 200, source: 'strangers' });
    expect(threshold).toBe((await again.calibrate({ falseAcceptRate: 0.05, embeddings })).threshold);
  });

  test('warns of too few strangers', async () => {
    const { gallery } = await galleryOf(10);
    const { warnings, interval, isFitted } = await gallery.calibrate({ falseAcceptRate: 0.01 });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^10 identities are too few to measure a rate of 1 %/);
    expect(warnings[0]).toContain('at least 300 strangers');
    expect(gallery.calibration?.closest?.names).toHaveLength(2);
    expect(isFitted).toBe(true);
    expect(interval.high).toBeGreaterThan(0.3);
  });

  test('estimates how many strangers any threshold accepts', async () => {
    const { gallery } = await galleryOf(200);
    expect(gallery.acceptRateAt(0.5)).toBeUndefined();
    const { threshold, rate, interval } = await gallery.calibrate({ falseAcceptRate: 0.1 });
    expect(gallery.acceptRateAt(threshold)).toEqual({ rate, interval });
    expect(gallery.acceptRateAt(-1)?.rate).toBe(1);
    const none = gallery.acceptRateAt(1);
    expect(none).toMatchObject({ rate: 0, interval: { low: 0 } });
    expect(none?.interval.high).toBeCloseTo(1 - 0.025 ** (200 / 199 / 100), 6);
    expect(gallery.acceptRateAt(0.3)?.rate).toBeGreaterThan(gallery.acceptRateAt(0.6)?.rate as number);
  });

  test('compares two images at the threshold of one identity', async () => {
    const { gallery, people } = await galleryOf(200);
    const [a, b] = people.draw(2, 0.05);
    expect((await gallery.verify(a, b)).isSame).toBeUndefined();
    const { threshold } = await gallery.calibrate({ falseAcceptRate: 0.01 });
    const same = await gallery.verify(a, b);
    expect(same).toMatchObject({ isSame: true });
    expect(same.threshold).toBeLessThan(threshold);
    expect(await gallery.verify(a, people.draw()[0])).toMatchObject({ isSame: false });
  });

  test('refuses what it cannot measure', async () => {
    const { gallery } = await galleryOf(2);
    await expect(gallery.calibrate({ falseAcceptRate: 0 })).rejects.toThrow('between 0 and 1');
    await expect(gallery.calibrate({ falseAcceptRate: 0.1 })).rejects.toThrow('Enroll at least 3');
    await expect(gallery.calibrate({ falseAcceptRate: 0.1, embeddings: [] })).rejects.toThrow(
      'at least one stranger',
    );
  });
});
