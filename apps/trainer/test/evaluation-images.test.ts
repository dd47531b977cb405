import { Random } from '@unitsphere/core';
import type { ImageSource } from '@unitsphere/data';
import { expect, test } from 'vitest';
import { evaluationImages } from '../src/dataset/evaluation-images.js';
import { verifyModel } from '../src/evaluate/verify-model.js';

const noise = (seed: number) => {
  const random = new Random(seed, 'noise');
  return { width: 24, height: 24, data: Uint8Array.from({ length: 24 * 24 * 3 }, () => random.int(256)) };
};
const source = (...samples: number[]): ImageSource => ({
  identities: samples.map((count, i) => ({ name: `identity ${i}`, samples: count })),
  load: (identity, sample) => noise(identity * 100 + sample),
});
const options = { pairs: 'auto', imagesPerIdentity: 9, size: 16, seed: 1 } as const;
const all = ({ identities }: ImageSource) => identities.map((_, i) => i);
const kinds = (images: readonly { kind: string }[]) => [...new Set(images.map(({ kind }) => kind))].sort();

test('compares real images of identities with unequal numbers of them, and copies of the others apart', async () => {
  const images = source(2, 5, 1, 40, 1, 3);
  const { main, copies } = evaluationImages(images, all(images), options);
  expect([main.pairKind, main.identities, main.images.length]).toEqual(['real', 6, 2 + 5 + 1 + 9 + 1 + 3]);
  expect(kinds(main.images)).toEqual(['clean', 'sample']);
  expect([copies?.pairKind, copies?.identities, copies?.images.length]).toEqual(['augmented', 2, 18]);
  expect(copies?.images.map(({ identity }) => identity)).toEqual([...Array(9).fill(2), ...Array(9).fill(4)]);
});

test('compares augmented copies if fewer than two identities have two images', async () => {
  const images = source(1, 1, 4);
  const { main, copies } = evaluationImages(images, all(images), options);
  expect([main.pairKind, main.images.length, copies]).toEqual(['augmented', 27, undefined]);
  expect(kinds(main.images)).toEqual(['augmented', 'clean']);
  expect(() => evaluationImages(images, all(images), { ...options, pairs: 'real' })).toThrow(
    'evaluation.pairs is real, but 1 of 3 identities have two images',
  );
});

test('a part of the split without identities has no images, also if real pairs are required', () => {
  expect(evaluationImages(source(3, 3), [], { ...options, pairs: 'real' }).main.images).toEqual([]);
});

test('the config chooses the kind of pairs and the number of images', async () => {
  const images = source(3, 3, 1);
  const augmented = evaluationImages(images, all(images), {
    ...options,
    pairs: 'augmented',
    imagesPerIdentity: 4,
  });
  expect([augmented.main.pairKind, augmented.main.images.length]).toEqual(['augmented', 12]);
  const real = evaluationImages(images, all(images), {
    ...options,
    pairs: 'real',
    imagesPerIdentity: 2,
  });
  expect([real.main.images.length, real.copies]).toEqual([5, undefined]);
});

test('unrelated pictures under one name are not recognized, however many there are', async () => {
  const images = source(...Array.from({ length: 80 }, () => 5));
  // Compares pictures by their pixels: copies of one look alike, and nothing else does.
  const embedder = {
    embed: async (pictures: readonly Uint8Array[]) => {
      const embeddings = pictures.map((pixels) => Float32Array.from(pixels, (value) => value - 127.5));
      const dimensions = embeddings[0].length;
      const joined = new Float32Array(embeddings.length * dimensions);
      embeddings.forEach((row, i) => {
        joined.set(row, i * dimensions);
      });
      return { embeddings: joined, dimensions };
    },
  };
  const aurocOf = async (pairs: 'auto' | 'augmented') => {
    const { main } = evaluationImages(images, all(images), { ...options, pairs });
    return (await verifyModel(embedder, main)).verification.auroc;
  };
  expect(Math.abs((await aurocOf('auto')) - 0.5)).toBeLessThan(0.03);
  expect(await aurocOf('augmented')).toBeGreaterThan(0.65);
});
