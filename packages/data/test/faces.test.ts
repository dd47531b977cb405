import { Random } from '@unitsphere/core/random';
import { beforeAll, describe, expect, test } from 'vitest';
import { drawConditions, PLAIN } from '../src/faces/conditions.js';
import { Head } from '../src/faces/head.js';
import { drawFace, hairStyles } from '../src/faces/identity.js';
import { FaceSource } from '../src/faces/index.js';
import { openSource } from '../src/open-source.js';
import { distance, median, same } from './compare-images.js';
import { picturesOfWorker } from './in-worker.js';

let source: FaceSource;
beforeAll(async () => {
  source = await FaceSource.create({ identities: 300, seed: 7, size: 80 });
});

describe('FaceSource', () => {
  test('gives square RGB pictures and unique names', () => {
    const picture = source.load(0, 0);
    expect([picture.width, picture.height, picture.data.length]).toEqual([80, 80, 80 * 80 * 3]);
    expect(new Set(source.identities.map(({ name }) => name)).size).toBe(300);
    expect(source.identities[0].samples).toBe(100);
  });

  test('gives the same bytes in another instance, for any order of calls and number of identities', async () => {
    const other = (await openSource({ kind: 'faces', identities: 3000, seed: 7, size: 80 })) as FaceSource;
    for (const identity of [41, 3, 17, 3]) {
      for (const sample of [9, 0, 123456]) {
        expect(same(other.load(identity, sample), source.load(identity, sample))).toBe(true);
      }
      expect(same(other.clean(identity), source.clean(identity))).toBe(true);
    }
  });

  test('gives other people for another seed', async () => {
    const other = await FaceSource.create({ identities: 5, seed: 8, size: 80 });
    for (let i = 0; i < 5; i++) expect(distance(other.clean(i), source.clean(i))).toBeGreaterThan(3);
  });

  test('gives a different picture for each sample', () => {
    for (const identity of [0, 5, 11]) {
      expect(distance(source.load(identity, 0), source.load(identity, 1))).toBeGreaterThan(5);
      expect(distance(source.load(identity, 0), source.clean(identity))).toBeGreaterThan(5);
    }
  });

  test('makes people differ more than the pictures of one person, but not enough to recognize them by pixels', () => {
    const first = Array.from({ length: 60 }, (_, i) => source.load(i, 0));
    const within: number[] = [];
    const between: number[] = [];
    let recognized = 0;
    for (let i = 0; i < first.length; i++) {
      const again = source.load(i, 1);
      const distances = first.map((other) => distance(again, other));
      within.push(distances[i]);
      between.push(...distances.filter((_, j) => j !== i));
      if (Math.min(...distances) === distances[i]) recognized++;
    }
    expect(median(between)).toBeGreaterThan(1.2 * median(within));
    expect(recognized / first.length).toBeGreaterThan(0.1);
    expect(recognized / first.length).toBeLessThan(0.8);
  });

  test('makes the clean pictures of any two people differ', () => {
    const faces = Array.from({ length: 60 }, (_, i) => source.clean(i));
    const nearest = faces.map((face, i) =>
      Math.min(...faces.flatMap((other, j) => (i === j ? [] : [distance(face, other)]))),
    );
    expect(Math.min(...nearest)).toBeGreaterThan(1);
  });

  test('refuses invalid options and indices', async () => {
    await expect(FaceSource.create({ identities: 0 })).rejects.toThrow(/FaceSource: identities must be/);
    await expect(FaceSource.create({ identities: 2, size: 8 })).rejects.toThrow(/size must be/);
    await expect(FaceSource.create({ identities: 2, seed: Number.NaN })).rejects.toThrow(/seed/);
    expect(() => source.load(300, 0)).toThrow(/identity must be an integer in 0 … 299, not 300/);
    expect(() => source.load(0, -1)).toThrow(/FaceSource.load: the sample/);
    expect(() => source.clean(0.5)).toThrow(/FaceSource.clean/);
  });
});

describe('drawFace', () => {
  test('draws every hair style and beard among 300 identities', () => {
    const faces = Array.from({ length: 300 }, (_, i) => drawFace(1, i));
    expect(new Set(faces.map(({ hair }) => hair.style))).toEqual(new Set(hairStyles));
    expect(new Set(faces.map(({ beard }) => beard)).size).toBe(5);
  });

  test('draws eyewear, headwear and yaw with the intended frequencies', () => {
    const conditions = Array.from({ length: 400 }, (_, k) => drawConditions(new Random(3, k)));
    const share = (is: (one: (typeof conditions)[number]) => boolean) =>
      conditions.filter(is).length / conditions.length;
    expect(Math.abs(share(({ eyewear }) => eyewear.kind !== 'none') - 0.12)).toBeLessThan(0.05);
    expect(Math.abs(share(({ headwear }) => headwear.kind !== 'none') - 0.05)).toBeLessThan(0.035);
    expect(share(({ yaw }) => Math.abs(yaw) > 0.12)).toBeGreaterThan(0.2);
  });
});

describe('Head', () => {
  const face = drawFace(1, 4);
  const head = (change: Partial<typeof PLAIN>) => new Head(face, { ...PLAIN, ...change }, 100);

  test('is symmetric in a frontal view', () => {
    const straight = head({});
    const [left, right] = [straight.edge(0.2, -1), straight.edge(0.2, 1)];
    expect(left[0] + right[0]).toBeCloseTo(100, 10);
    expect(straight.at(0, 0.4)[0]).toBeCloseTo(50, 10);
  });

  test('moves the nose more than the eyes and the eyes more than the outline when it turns', () => {
    const [straight, turned] = [head({}), head({ yaw: 0.4 })];
    const moved = (of: (head: Head) => readonly [number, number]) => of(turned)[0] - of(straight)[0];
    const nose = moved((h) => h.at(0, 0.4, 0.25));
    const eyes = (moved((h) => h.at(-0.4, 0)) + moved((h) => h.at(0.4, 0))) / 2;
    const edges = (moved((h) => h.edge(0, -1)) + moved((h) => h.edge(0, 1))) / 2;
    expect(nose).toBeGreaterThan(eyes + 1);
    expect(eyes).toBeGreaterThan(edges + 1);
    // The eye on the far side moves closer to the middle.
    const apart = (h: Head, side: number) => Math.abs(h.at(side * 0.4, 0)[0] - h.at(0, 0)[0]);
    expect(apart(turned, 1)).toBeLessThan(apart(turned, -1));
  });

  test('follows pitch and roll', () => {
    expect(head({ pitch: 0.2 }).at(0, 0.4)[1]).toBeLessThan(head({}).at(0, 0.4)[1] - 1);
    const leaning = head({ roll: 0.2 });
    expect(leaning.at(0.4, 0)[1]).toBeGreaterThan(leaning.at(-0.4, 0)[1]);
  });
});

describe('FaceSource in a worker thread', () => {
  test('gives the same bytes as on the main thread', async () => {
    const answer = await picturesOfWorker(
      'faces',
      `
        import { parentPort } from 'node:worker_threads';
        import { FaceSource } from '../src/faces/index.js';
        const source = await FaceSource.create({ identities: 300, seed: 7, size: 80 });
        parentPort.postMessage([source.load(4, 2), source.load(210, 0), source.clean(33)]);`,
    );
    const here = [source.load(4, 2), source.load(210, 0), source.clean(33)];
    expect(answer.map((picture, i) => same(picture, here[i]))).toEqual([true, true, true]);
  });
});
