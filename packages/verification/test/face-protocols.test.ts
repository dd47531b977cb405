import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import {
  lfwAccuracy,
  pairDistances,
  poolTemplates,
  readPairFile,
  rocFromScores,
  scorePairs,
  validationRate,
} from '../src/index.js';
import golden from './golden/faces.json';

const file = (name: string) => new Uint8Array(readFileSync(new URL(`./golden/${name}.bin`, import.meta.url)));

async function pixelsOf(image: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await sharp(image).removeAlpha().raw().toBuffer());
}

describe('readPairFile', () => {
  test('returns the encoded images and which pairs are one identity', async () => {
    const { images, isSame } = readPairFile(file('faces'));
    expect(isSame).toEqual(golden.isSame);
    const sums = await Promise.all(
      images.map(async (image) => (await pixelsOf(image)).reduce((sum, value) => sum + value, 0)),
    );
    expect(sums).toEqual(golden.pixelSums);
  });

  test("reads Python 2's byte strings and Python 3's bytes at protocol 2", () => {
    const { images, isSame } = readPairFile(file('faces'));
    for (const name of ['faces-python2', 'faces-protocol2']) {
      expect(readPairFile(file(name))).toEqual({ images: images.slice(0, 8), isSame: isSame.slice(0, 4) });
    }
  });

  test('instantiates no class that a file names, and says what is wrong with bad files', () => {
    expect(() => readPairFile(file('faces-arrays'))).toThrow(/contains a numpy.*Repack it/);
    const faces = file('faces');
    expect(() => readPairFile(faces.subarray(0, 5000))).toThrow('The pickle is damaged');
    expect(() => readPairFile(new Uint8Array())).toThrow('not an insightface verification set');
    const pickle = (...bytes: number[]) => Uint8Array.of(0x80, 2, ...bytes, 0x2e);
    expect(() => readPairFile(pickle(0x4e))).toThrow('not a list of images and a list of pairs');
    // ([], [True])
    expect(() => readPairFile(pickle(0x5d, 0x5d, 0x88, 0x61, 0x86))).toThrow('0 images for 1 pairs');
    // ([None, None], [True])
    expect(() => readPairFile(pickle(0x5d, 0x4e, 0x61, 0x4e, 0x61, 0x5d, 0x88, 0x61, 0x86))).toThrow(
      'Image 0',
    );
  });
});

describe('validationRate', () => {
  test.each(golden.val)('equals calculate_val at a false accept rate of $farTarget', (expected) => {
    const { val, std, far, folds } = validationRate(golden.distances, golden.isSame, {
      far: expected.farTarget,
    });
    expect(val).toBeCloseTo(expected.val, 12);
    expect(std).toBeCloseTo(expected.std, 12);
    expect(far).toBeCloseTo(expected.far, 12);
    folds.forEach((fold, k) => {
      expect(fold.val).toBeCloseTo(expected.folds[k].val, 12);
      expect(fold.far).toBeCloseTo(expected.folds[k].far, 12);
      expect(fold.threshold).toBeCloseTo(expected.folds[k].threshold, 9);
    });
  });

  test('uses a false accept rate of 1e-3 by default, and accepts nothing if no threshold reaches the rate', () => {
    expect(validationRate(golden.distances, golden.isSame)).toEqual(
      validationRate(golden.distances, golden.isSame, { far: 1e-3, folds: 10 }),
    );
    // The distances of different identities are the largest possible, so that no threshold accepts them.
    const { val, folds } = validationRate([0, 4, 0, 4], [1, 0, 1, 0], { folds: 2 });
    expect(val).toBe(0);
    expect(folds.map(({ threshold }) => threshold)).toEqual([0, 0]);
  });

  test('refuses a fold without pairs of both kinds, and a rate out of range', () => {
    expect(() => validationRate([1, 1, 1, 1], [1, 1, 0, 0], { folds: 2 })).toThrow(
      'Fold 0 (pairs 0…1) has no pair of two identities.',
    );
    expect(() => validationRate([1, 1, 1, 1], [0, 0, 1, 1], { folds: 2 })).toThrow(
      'has no pair of one identity',
    );
    expect(() => validationRate([1, 1], [1, 0], { far: 0 })).toThrow('far must be between 0 and 1');
    expect(() => validationRate([1, Number.NaN], [1, 0], { folds: 2 })).toThrow('Distance 1 is NaN');
  });
});

describe('lfwAccuracy', () => {
  test('equals insightface on the same file, starting from the images', async () => {
    const { images, isSame } = readPairFile(file('faces'));
    const { size, weights } = golden;
    const dimensions = weights.length / (size * size * 3);
    const embeddings = new Float32Array(images.length * dimensions);
    for (const [row, image] of images.entries()) {
      const pixels = await pixelsOf(image);
      for (let d = 0; d < dimensions; d++) {
        for (let at = 0; at < pixels.length; at++) {
          const [y, x, c] = [Math.floor(at / (3 * size)), Math.floor(at / 3) % size, at % 3];
          const mirrored = pixels[3 * (y * size + size - 1 - x) + c];
          embeddings[row * dimensions + d] += weights[d * pixels.length + at] * (pixels[at] + mirrored - 256);
        }
      }
    }
    const distances = pairDistances(embeddings, dimensions);
    distances.forEach((distance, pair) => {
      expect(distance).toBeCloseTo(golden.distances[pair], 12);
    });
    const { accuracy, std, folds } = lfwAccuracy(distances, isSame);
    expect(accuracy).toBeCloseTo(golden.lfw.accuracy, 12);
    expect(std).toBeCloseTo(golden.lfw.std, 12);
    folds.forEach((fold, k) => {
      expect(fold.accuracy).toBeCloseTo(golden.lfw.folds[k].accuracy, 12);
      expect(fold.threshold).toBeCloseTo(golden.lfw.folds[k].threshold, 12);
    });
  });

  test('says what is wrong with bad input', () => {
    expect(() => lfwAccuracy([1, 2], [true])).toThrow('2 distances but 1');
    expect(() => lfwAccuracy([1, 2], [true, false])).toThrow('folds must be an integer in 2…2');
    expect(() => lfwAccuracy([1, Number.NaN], [true, false], 2)).toThrow('Distance 1 is NaN');
    expect(() => pairDistances(new Float32Array(6).fill(1), 2)).toThrow('3 rows, an odd number');
  });
});

describe('templates', () => {
  const { dimensions, rows, templates, media, ids, pooled, identities, tarAtFar } = golden.templates;

  test('match insightface when pooled and scikit-learn when verified', () => {
    const ours = poolTemplates(
      Float32Array.from(rows),
      dimensions,
      Int32Array.from(templates),
      Int32Array.from(media),
    );
    expect([...ours.ids]).toEqual(ids);
    ours.embeddings.forEach((value, k) => {
      expect(Math.abs(value - pooled[k])).toBeLessThan(1e-6);
    });
    const pairs = ids.flatMap((_, i) => ids.slice(i + 1).map((_, k) => [i, i + 1 + k] as const));
    const scores = scorePairs(
      ours.embeddings,
      dimensions,
      Int32Array.from(pairs, ([a]) => a),
      Int32Array.from(pairs, ([, b]) => b),
    );
    const positive = pairs.map(([a, b]) => identities[a] === identities[b]);
    const result = rocFromScores(scores, positive, { fprs: tarAtFar.map(({ far }) => far) });
    result.tprAtFpr.forEach(({ tpr }, k) => {
      expect(tpr).toBeCloseTo(tarAtFar[k].tar, 12);
    });
  });

  test('report what is wrong with bad input', () => {
    const two = Int32Array.of(1, 1);
    expect(() => poolTemplates(Float32Array.of(1, -1), 1, two, Int32Array.of(0, 1))).toThrow(
      'the sums of templates: row 0 has zero length',
    );
    expect(() => poolTemplates(Float32Array.of(1, 1), 1, two, two.subarray(1))).toThrow(
      'media has 1 entries',
    );
    expect(() => scorePairs(Float32Array.of(1, 1), 1, Int32Array.of(0), Int32Array.of(2))).toThrow(
      'names row 2',
    );
    expect(() => scorePairs(Float32Array.of(1, 1), 1, two, two.subarray(1))).toThrow(
      'a has 2 rows and b has 1',
    );
  });
});
