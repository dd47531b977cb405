import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { Random } from '@unitsphere/core';
import { start } from '@unitsphere/testing/backends';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createClipTeacher,
  createClipTower,
  preprocessImages,
  type RgbImage,
  type Teacher,
} from '../src/index.js';
import { CachedTeacher } from '../src/node.js';

const shape = {
  kind: 'vit',
  imageSize: 16,
  patchSize: 8,
  width: 12,
  depth: 2,
  heads: 2,
  embedDim: 10,
  activation: 'gelu',
} as const;

/** Creates a teacher from a small tower that counts its images. */
async function makeTeacher(seed = 1, change = {}): Promise<Teacher & { seen: number }> {
  const tower = createClipTower({ ...shape, ...change }, { random: new Random(seed) });
  const teacher = await createClipTeacher(tower, { name: 'tiny' });
  const counting = {
    ...teacher,
    seen: 0,
    embed(pixels: tf.Tensor4D) {
      counting.seen += pixels.shape[0];
      return teacher.embed(pixels);
    },
  };
  teachers.push(counting);
  return counting;
}

function picture(seed: number, width = 20, height = 24): RgbImage {
  const random = new Random(seed, 'picture');
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, () => random.int(256)) };
}

async function read(features: Promise<tf.Tensor2D>): Promise<number[][]> {
  const tensor = await features;
  const values = tensor.arraySync();
  tensor.dispose();
  return values;
}

let folder: string;
const teachers: Teacher[] = [];
const caches: CachedTeacher[] = [];
const cacheOf = (teacher: Teacher, options = {}) => {
  const cache = new CachedTeacher(teacher, { folder, ...options });
  caches.push(cache);
  return cache;
};
beforeEach(async () => {
  await start('cpu');
  folder = mkdtempSync(join(tmpdir(), 'cached-'));
});
afterEach(async () => {
  for (const cache of caches.splice(0)) cache.close();
  for (const teacher of teachers.splice(0)) await teacher.dispose();
  rmSync(folder, { recursive: true });
});

test('computes each image once, in batches, and returns the features in order', async () => {
  const teacher = await makeTeacher();
  const cache = cacheOf(teacher, { batchSize: 2 });
  const images = [0, 1, 2, 3, 4].map((seed) => picture(seed, 16 + seed, 30 - seed));
  const before = tf.memory().numTensors;
  const first = await read(cache.features(images));
  expect(teacher.seen).toBe(5);
  const direct = await read(
    (async () => {
      const pixels = preprocessImages(images, teacher.preprocessing);
      const features = await teacher.embed(pixels);
      pixels.dispose();
      return features;
    })(),
  );
  teacher.seen = 0;
  // The features have float16's precision.
  first.forEach((row, i) => {
    row.forEach((value, c) => {
      expect(Math.abs(value - direct[i][c])).toBeLessThanOrEqual(Math.abs(direct[i][c]) / 2048 + 1e-7);
    });
  });
  const again = await read(cache.features([4, 2, 2, 9, 9].map((seed) => images[seed] ?? picture(seed))));
  expect(again.slice(0, 3)).toEqual([first[4], first[2], first[2]]);
  expect(again[3]).toEqual(again[4]);
  expect(teacher.seen).toBe(1);
  expect(cache.statistics).toEqual({
    features: 6,
    bytes: 6 * 20,
    hits: 3,
    misses: 7,
    hitRate: 0.3,
    damaged: 0,
  });
  expect(cache.describe()).toBe('6 features of tiny, 0.1 KiB; 3 of 10 requested were cached (30.0 %)');
  expect(tf.memory().numTensors).toBe(before);
});

test('reads the features of an earlier process', async () => {
  const teacher = await makeTeacher();
  const first = await read(cacheOf(teacher).features([picture(1), picture(2)]));
  const same = await makeTeacher();
  expect(same.fingerprint).toBe(teacher.fingerprint);
  const cache = cacheOf(same);
  expect(await read(cache.features([picture(2), picture(1)]))).toEqual([first[1], first[0]]);
  expect(same.seen).toBe(0);
  expect(cache.statistics.hitRate).toBe(1);
});

test('finds features that another cache writes to the folder', async () => {
  const [a, b] = [await makeTeacher(), await makeTeacher()];
  const [one, other] = [cacheOf(a), cacheOf(b)];
  const features = await read(one.features([picture(1)]));
  expect(await read(other.features([picture(1)]))).toEqual(features);
  expect(b.seen).toBe(0);
});

describe('computes a feature again', () => {
  test('for an image with one changed pixel, or other sides', async () => {
    const teacher = await makeTeacher();
    const cache = cacheOf(teacher);
    const image = picture(1, 12, 12);
    await read(cache.features([image]));
    const changed = { ...image, data: image.data.slice() };
    changed.data[100] ^= 1;
    await read(cache.features([changed, { ...image, width: 9, height: 16 }]));
    expect(teacher.seen).toBe(3);
  });

  test.each([
    ['weights', 2, {}],
    ['activation', 1, { activation: 'quick_gelu' }],
    ['heads', 1, { heads: 3 }],
  ] as const)('for a teacher with other %s', async (_name, seed, change) => {
    const image = picture(1);
    const first = await makeTeacher();
    await read(cacheOf(first).features([image]));
    const other = await makeTeacher(seed, change);
    expect(other.fingerprint).not.toBe(first.fingerprint);
    await read(cacheOf(other).features([image]));
    expect(other.seen).toBe(1);
  });

  test('for another preprocessing', async () => {
    const first = await makeTeacher();
    await read(cacheOf(first).features([picture(1)]));
    const other = await makeTeacher();
    Object.assign(other, { preprocessing: { ...other.preprocessing, cropFraction: 0.9 } });
    await read(cacheOf(other).features([picture(1)]));
    expect(other.seen).toBe(1);
  });

  test('if its file is damaged', async () => {
    const teacher = await makeTeacher();
    const features = await read(cacheOf(teacher).features([picture(1), picture(2)]));
    const cache = cacheOf(teacher);
    const [file] = readdirSync(cache.folder).filter((name) => name.endsWith('.rows'));
    const path = join(cache.folder, file);
    const content = readFileSync(path);
    content[3] ^= 1;
    writeFileSync(path, content);
    teacher.seen = 0;
    expect(await read(cache.features([picture(1), picture(2)]))).toEqual(features);
    expect(teacher.seen).toBe(1);
    expect(cache.statistics).toMatchObject({ damaged: 1, hits: 1, misses: 1, features: 2 });
    expect(cache.describe()).toMatch(/1 damaged$/);
  });
});

describe('refuses', () => {
  test('features that are not finite or have another width', async () => {
    const teacher = await makeTeacher();
    const before = tf.memory().numTensors;
    const broken = { ...teacher, embed: async () => tf.fill([1, 10], Number.NaN) as tf.Tensor2D };
    await expect(cacheOf(broken).features([picture(1)])).rejects.toThrow(
      /contains NaN, which float16 cannot represent\. Check the teacher tiny/,
    );
    const narrow = { ...teacher, embed: async () => tf.zeros([1, 4]) as tf.Tensor2D };
    await expect(cacheOf(narrow).features([picture(1)])).rejects.toThrow(/shape \[1,4\], but \[1,10\]/);
    const failing = { ...teacher, embed: () => Promise.reject(new Error('out of memory')) };
    await expect(cacheOf(failing).features([picture(1)])).rejects.toThrow('out of memory');
    expect(tf.memory().numTensors).toBe(before);
    expect(cacheOf(teacher).statistics.features).toBe(0);
  });

  test('a batch size of 0, and a preprocessing for another image size', async () => {
    const teacher = await makeTeacher();
    expect(() => cacheOf(teacher, { batchSize: 0 })).toThrow(RangeError);
    const tower = createClipTower(shape);
    await expect(
      createClipTeacher(tower, { name: 'x', preprocessing: { ...teacher.preprocessing, imageSize: 24 } }),
    ).rejects.toThrow(/images of 24 pixels, but the tower requires 16/);
    tower.dispose();
  });
});
