import { describe, expect, test } from 'vitest';
import { type EvaluationImage, evaluationSet } from '../src/evaluation-set.js';
import type { ImageSource } from '../src/source.js';
import { applyView } from '../src/views.js';
import { noiseImage } from './images.js';

const source: ImageSource = {
  identities: [4, 1, 3].map((samples, i) => ({ name: `identity ${i}`, samples })),
  load: (identity, sample) => noiseImage(20, 20, identity * 10 + sample),
};
const collect = async (...args: Parameters<typeof evaluationSet>) => {
  const images: EvaluationImage[] = [];
  for await (const image of evaluationSet(...args)) images.push(image);
  return images;
};

describe('evaluationSet', () => {
  test('gives each identity one clean image and the given number of augmented ones', async () => {
    const images = await collect(source, [2, 0], { size: 16, seed: 1, augmented: 5 });
    expect(images.map(({ label, kind }) => `${label}${kind[0]}`).join(' ')).toBe(
      '0c 0a 0a 0a 0a 0a 1c 1a 1a 1a 1a 1a',
    );
    expect(images.map(({ identity }) => identity)).toEqual([...Array(6).fill(2), ...Array(6).fill(0)]);
    expect(images[0].image.data).toEqual(applyView(noiseImage(20, 20, 20), 0, 16).data);
  });

  test('gives the same images of an identity for any set of other identities', async () => {
    const options = { size: 16, seed: 1, augmented: 4 };
    const together = await collect(source, [0, 1, 2], options);
    const alone = await collect(source, [2], options);
    expect(together.slice(10).map(({ image }) => image.data)).toEqual(alone.map(({ image }) => image.data));
    const otherwise = await collect(source, [2], { ...options, seed: 2 });
    expect(otherwise.map(({ image }) => image.data)).not.toEqual(alone.map(({ image }) => image.data));
  });

  test('takes unchanged images at the evaluated size from a source that resizes originals', async () => {
    const resizing: ImageSource = {
      ...source,
      loadResized: async (identity, sample, side) => noiseImage(side, side, 100 + identity * 10 + sample),
    };
    const samples = await collect(resizing, [0], { size: 12, seed: 1, augmented: 1, from: 'samples' });
    expect(samples.map(({ image }) => image.data)).toEqual(
      [100, 101].map((seed) => noiseImage(12, 12, seed).data),
    );
    const copies = await collect(resizing, [0], { size: 12, seed: 1, augmented: 1 });
    expect(copies[0].image.data).toEqual(noiseImage(12, 12, 100).data);
    expect(copies[1].image.data).toEqual(
      (await collect(source, [0], { size: 12, seed: 1, augmented: 1 }))[1].image.data,
    );
  });

  test('gives other samples with from: "samples"', async () => {
    const images = await collect(source, [0, 2], { size: 20, seed: 1, augmented: 2, from: 'samples' });
    expect(images.map(({ label, kind }) => `${label}${kind[0]}`).join(' ')).toBe('0c 0s 0s 1c 1s 1s');
    expect(images[2].image.data).toEqual(noiseImage(20, 20, 2).data);
  });

  test('gives an identity with one sample its clean image alone with from: "samples"', async () => {
    const images = await collect(source, [1, 2], { size: 20, seed: 1, augmented: 8, from: 'samples' });
    expect(images.map(({ label, kind }) => `${label}${kind[0]}`).join(' ')).toBe('0c 1c 1s 1s');
  });

  test('takes files at equal distances', async () => {
    const files: ImageSource = {
      identities: [{ name: 'a', samples: 10 }],
      load: (_, sample) => noiseImage(20, 20, sample),
      contents: () => [],
    };
    const options = { size: 20, seed: 1, augmented: 3, from: 'samples' } as const;
    const images = await collect(files, [0], options);
    expect(images.map(({ image }) => image.data)).toEqual(
      [0, 2, 5, 7].map((i) => noiseImage(20, 20, i).data),
    );
    const drawn = await collect({ ...files, contents: undefined }, [0], options);
    expect(drawn.map(({ image }) => image.data)).toEqual([0, 1, 2, 3].map((i) => noiseImage(20, 20, i).data));
  });

  test('gives no unchanged copy among the augmented images', async () => {
    const many: ImageSource = {
      identities: Array.from({ length: 40 }, (_, i) => ({ name: `${i}`, samples: 1 })),
      load: (identity) => noiseImage(20, 20, identity),
    };
    const images = await collect(many, [...Array(40).keys()], { size: 16, seed: 3 });
    for (const { identity, kind, image } of images) {
      const clean = applyView(noiseImage(20, 20, identity), 0, 16);
      expect(Buffer.compare(image.data, clean.data) === 0).toBe(kind === 'clean');
    }
    const never = await collect(many, [0], { size: 16, seed: 3, augmentation: { probability: 0 } });
    expect(never.length).toBe(9);
  });

  test('refuses invalid arguments before the first image', async () => {
    await expect(collect(source, [3], { size: 8, seed: 0 })).rejects.toThrow(
      /identity 3 is not in the source/,
    );
    await expect(collect(source, [1], { size: 8, seed: 0, from: 'samples' })).rejects.toThrow(
      /no identity has two samples/,
    );
    await expect(collect(source, [0], { size: 8, seed: 0, augmented: 0 })).rejects.toThrow(
      /positive integer/,
    );
  });
});
