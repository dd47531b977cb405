import { createRequire } from 'node:module';
import { beforeAll, describe, expect, test } from 'vitest';
import { drawIdentity } from '../src/documents/identity.js';
import { DocumentSource, documentKinds, fontFiles } from '../src/documents/index.js';
import { nodeCanvasFactory } from '../src/drawing/canvas-node.js';
import { distance, median, same } from './compare-images.js';
import { characters } from './documents-font-characters.js';
import { picturesOfWorker } from './in-worker.js';

let source: DocumentSource;
beforeAll(async () => {
  source = await DocumentSource.create({ identities: 300, seed: 7 });
});

describe('DocumentSource', () => {
  test('gives square RGB pictures and unique names', () => {
    const picture = source.load(0, 0);
    expect(picture.width).toBe(160);
    expect(picture.height).toBe(160);
    expect(picture.data).toHaveLength(160 * 160 * 3);
    expect(new Set(source.identities.map(({ name }) => name)).size).toBe(300);
    expect(source.identities[0].samples).toBe(100);
  });

  test('gives the same bytes in another instance, for any order of calls and number of identities', async () => {
    // With this memory, only the first two templates are kept.
    const other = await DocumentSource.create({ identities: 3000, seed: 7, memory: 2 * 224 * 224 * 4 });
    for (const identity of [41, 3, 17, 3]) {
      for (const sample of [9, 0, 123456]) {
        expect(same(other.load(identity, sample), source.load(identity, sample))).toBe(true);
      }
      expect(same(other.clean(identity), source.clean(identity))).toBe(true);
    }
  });

  test('gives other documents for another seed', async () => {
    const other = await DocumentSource.create({ identities: 5, seed: 8 });
    for (let i = 0; i < 5; i++) expect(distance(other.clean(i), source.clean(i))).toBeGreaterThan(3);
  });

  test('gives a different picture for each sample', () => {
    for (const identity of [0, 5, 11]) {
      expect(distance(source.load(identity, 0), source.load(identity, 1))).toBeGreaterThan(1);
      expect(distance(source.load(identity, 0), source.clean(identity))).toBeGreaterThan(1);
    }
  });

  test('makes identities differ more than the samples of one identity', () => {
    const within: number[] = [];
    const between: number[] = [];
    const first = Array.from({ length: 40 }, (_, i) => source.load(i, 0));
    for (let i = 0; i < 40; i++) {
      within.push(distance(first[i], source.load(i, 1)));
      for (let j = 0; j < i; j++) between.push(distance(first[i], first[j]));
    }
    expect(median(between)).toBeGreaterThan(1.3 * median(within));
  });

  test('draws some identities of the same kind and font in similar colors', () => {
    const drawn = Array.from({ length: 200 }, (_, i) => drawIdentity(7, i));
    let alike = 0;
    for (let i = 0; i < drawn.length; i++) {
      for (let j = 0; j < i; j++) {
        const [a, b] = [drawn[i], drawn[j]];
        const differences = a.style.palette.primary.map((v, c) => Math.abs(v - b.style.palette.primary[c]));
        if (a.kind === b.kind && Math.max(...differences) < 48 && a.style.heading === b.style.heading)
          alike++;
      }
    }
    expect(alike).toBeGreaterThan(5);
  });

  test('refuses invalid options and indices', async () => {
    await expect(DocumentSource.create({ identities: 0 })).rejects.toThrow(/identities must be an integer/);
    await expect(DocumentSource.create({ identities: 2.5 })).rejects.toThrow(RangeError);
    await expect(DocumentSource.create({ identities: 2, size: 8 })).rejects.toThrow(/size must be/);
    await expect(DocumentSource.create({ identities: 2, seed: Number.NaN })).rejects.toThrow(/seed/);
    await expect(DocumentSource.create({ identities: 2, samplesPerIdentity: 0 })).rejects.toThrow(
      /samplesPerIdentity/,
    );
    expect(() => source.load(300, 0)).toThrow(/identity must be an integer in 0 … 299, not 300/);
    expect(() => source.load(-1, 0)).toThrow(RangeError);
    expect(() => source.load(0, -1)).toThrow(/sample/);
    expect(() => source.clean(0.5)).toThrow(/DocumentSource.clean/);
  });
});

describe('documentKinds', () => {
  test('all occur within 300 identities, and every letter is in the font it is drawn with', async () => {
    const require = createRequire(import.meta.url);
    const known = new Map<string, Set<number>>();
    for (const font of fontFiles) {
      const own = characters(require.resolve(`${font.package}/${font.file}`));
      // A letter must exist in every weight.
      const before = known.get(font.family);
      known.set(font.family, before ? new Set([...before].filter((c) => own.has(c))) : own);
    }
    const missing = new Set<string>();
    let texts = 0;
    const factory = await nodeCanvasFactory();
    const watched = await DocumentSource.create(
      { identities: 300, seed: 1, size: 32 },
      {
        loadFonts: factory.loadFonts,
        createCanvas(width, height) {
          const canvas = factory.createCanvas(width, height);
          const { context } = canvas;
          const fillText = context.fillText.bind(context);
          context.fillText = (text, x, y, ...rest) => {
            texts++;
            const families = [...context.font.matchAll(/unitsphere [a-z0-9 -]+/g)].map(([name]) =>
              name.trim(),
            );
            for (const letter of text) {
              const code = letter.codePointAt(0)!;
              if (!families.some((name) => known.get(name)?.has(code)))
                missing.add(`${letter} in ${families}`);
            }
            return fillText(text, x, y, ...rest);
          };
          return canvas;
        },
      },
    );
    const seen = new Set<string>();
    for (let i = 0; i < 300; i++) {
      watched.load(i, i);
      seen.add(watched.identities[i].name.replace(/-\d+$/, ''));
    }
    expect([...seen].sort()).toEqual([...documentKinds].sort());
    expect(texts).toBeGreaterThan(3000);
    expect([...missing]).toEqual([]);
  });
});

describe('DocumentSource in a worker thread', () => {
  test('gives the same bytes as on the main thread', async () => {
    const answer = await picturesOfWorker(
      'documents',
      `
        import { parentPort } from 'node:worker_threads';
        import { DocumentSource } from '../src/documents/index.js';
        const source = await DocumentSource.create({ identities: 300, seed: 7 });
        parentPort.postMessage([source.load(4, 2), source.load(210, 0), source.clean(33)]);`,
    );
    const here = [source.load(4, 2), source.load(210, 0), source.clean(33)];
    expect(answer.map((picture, i) => same(picture, here[i]))).toEqual([true, true, true]);
  });
});
