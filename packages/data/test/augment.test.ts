import { Random } from '@unitsphere/core/random';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { Augmentation } from '../src/augment/augmentation.js';
import { adjustHue } from '../src/augment/color-jitter.js';
import { defocus } from '../src/augment/defocus.js';
import { elastic, randomElastic } from '../src/augment/elastic.js';
import { gaussianBlur } from '../src/augment/gaussian-blur.js';
import { gaussianNoise } from '../src/augment/gaussian-noise.js';
import { augmentationGroups, type GroupName, pixelTransforms } from '../src/augment/groups.js';
import { isoNoise } from '../src/augment/iso-noise.js';
import { jpegCompression } from '../src/augment/jpeg-compression.js';
import { medianBlur } from '../src/augment/median-blur.js';
import { motionBlur } from '../src/augment/motion-blur.js';
import { multiplicativeNoise } from '../src/augment/multiplicative-noise.js';
import { fillNormal, poissonTable } from '../src/augment/normal-table.js';
import { shiftScaleRotate } from '../src/augment/shift-scale-rotate.js';
import { zoomBlur } from '../src/augment/zoom-blur.js';
import { blankImage, type Image } from '../src/image.js';
import { applyView } from '../src/views.js';
import { reflect, warp } from '../src/warp.js';
import { maxDifference, meanAbsoluteDifference, noiseImage, pictureImage } from './images.js';

const copy = (image: Image): Image => ({ ...image, data: image.data.slice() });
const whole = (image: Image) => ({ x: 0, y: 0, width: image.width, height: image.height });

/** Computes the weighted mean over a square neighborhood directly from its definition. */
function slowFilter(image: Image, radius: number, weight: (dx: number, dy: number) => number): Image {
  const output = blankImage(image.width, image.height);
  let total = 0;
  for (let dy = -radius; dy <= radius; dy++)
    for (let dx = -radius; dx <= radius; dx++) total += weight(dx, dy);
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < image.width; x++) {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        for (let dy = -radius; dy <= radius; dy++) {
          for (let dx = -radius; dx <= radius; dx++) {
            const at = reflect(y + dy, image.height) * image.width + reflect(x + dx, image.width);
            sum += weight(dx, dy) * image.data[at * 3 + c];
          }
        }
        output.data[(y * image.width + x) * 3 + c] = Math.round(sum / total);
      }
    }
  }
  return output;
}

describe('blurs', () => {
  const image = noiseImage(21, 17);

  test('gaussianBlur matches the direct sum with OpenCV’s sigma', () => {
    for (const [size, sigma] of [
      [3, 0.8],
      [5, 1.1],
      [7, 1.4],
    ]) {
      const radius = (size - 1) / 2;
      const expected = slowFilter(image, radius, (x, y) => Math.exp(-(x * x + y * y) / (2 * sigma * sigma)));
      expect(maxDifference(gaussianBlur(image, size), expected)).toBeLessThanOrEqual(1);
    }
  });

  test('medianBlur returns the middle of the sorted square', () => {
    for (const size of [3, 5, 7]) {
      const radius = (size - 1) / 2;
      const result = medianBlur(image, size);
      const clamp = (i: number, n: number) => Math.min(Math.max(i, 0), n - 1);
      for (let y = 0; y < image.height; y++) {
        for (let x = 0; x < image.width; x++) {
          for (let c = 0; c < 3; c++) {
            const values: number[] = [];
            for (let dy = -radius; dy <= radius; dy++) {
              for (let dx = -radius; dx <= radius; dx++) {
                const row = clamp(y + dy, image.height) * image.width;
                values.push(image.data[(row + clamp(x + dx, image.width)) * 3 + c]);
              }
            }
            values.sort((a, b) => a - b);
            expect(result.data[(y * image.width + x) * 3 + c]).toBe(values[(size * size - 1) / 2]);
          }
        }
      }
    }
  });

  test('motionBlur returns the mean along the line', () => {
    const diagonal = motionBlur(image, 5, [0, 0, 4, 4]);
    expect(
      maxDifference(
        diagonal,
        slowFilter(image, 2, (x, y) => (x === y ? 1 : 0)),
      ),
    ).toBeLessThanOrEqual(1);
    const across = motionBlur(image, 3, [2, 1, 0, 1]);
    expect(
      maxDifference(
        across,
        slowFilter(image, 1, (_, y) => (y === 0 ? 1 : 0)),
      ),
    ).toBeLessThanOrEqual(1);
  });

  test('defocus returns the mean over the disk', () => {
    for (const radius of [3, 4, 5, 10]) {
      const expected = slowFilter(image, radius, (x, y) => (x * x + y * y <= radius * radius ? 1 : 0));
      expect(maxDifference(defocus(image, radius, 0.1), expected)).toBeLessThanOrEqual(1);
    }
  });

  test('zoomBlur keeps the center, blurs the edge and stays within the image', () => {
    const flat = blankImage(32, 32);
    flat.data.fill(255);
    expect(zoomBlur(flat, [1, 1.1, 1.25]).data).toEqual(flat.data);
    const picture = pictureImage(33, 33);
    expect(zoomBlur(picture, []).data).toEqual(picture.data);
    expect(zoomBlur(picture, [1]).data).toEqual(picture.data);
    const zoomed = zoomBlur(picture, [1.05, 1.1, 1.2, 1.3]);
    const center = (16 * 33 + 16) * 3;
    expect(zoomed.data[center]).toBe(picture.data[center]);
    expect(meanAbsoluteDifference(zoomed, picture)).toBeGreaterThan(1);
  });
});

describe('jpegCompression', () => {
  test('matches a real encoder and decoder, also for sides that are not whole blocks', async () => {
    for (const [width, height] of [
      [64, 48],
      [19, 35],
    ]) {
      const image = pictureImage(width, height);
      for (let i = 0; i < image.data.length; i++) image.data[i] += i % 13;
      for (const quality of [1, 5, 20, 50, 90, 100]) {
        const bytes = await sharp(image.data, { raw: { width, height, channels: 3 } })
          .jpeg({ quality, chromaSubsampling: '4:2:0' })
          .toBuffer();
        const real = { width, height, data: new Uint8Array(await sharp(bytes).raw().toBuffer()) };
        const loss = meanAbsoluteDifference(real, image);
        const difference = meanAbsoluteDifference(jpegCompression(image, quality), real);
        expect(loss).toBeGreaterThan(3);
        expect(difference, `quality ${quality}, ${width} × ${height}`).toBeLessThan(0.2 * loss + 0.3);
      }
    }
  });
});

describe('elastic', () => {
  test('shifts the image if all control points move alike', () => {
    const picture = pictureImage(30, 20);
    const moved = elastic(
      picture,
      Float64Array.from({ length: 72 }, (_, i) => (i % 2 === 0 ? 0.1 : -0.2)),
    );
    // By 3 columns and 4 rows; beyond the edge the picture's edge goes on.
    for (let y = 0; y < 20; y++) {
      for (let x = 0; x < 30; x++) {
        const from = 3 * (Math.max(0, y - 4) * 30 + Math.min(29, x + 3));
        expect(moved.data[3 * (y * 30 + x)]).toBe(picture.data[from]);
      }
    }
    expect(elastic(picture, new Float32Array(72)).data).toEqual(picture.data);
  });

  test('moves points near a control point, and only them', () => {
    const picture = pictureImage(60, 60);
    const one = new Float32Array(72);
    one[2 * (1 * 6 + 1)] = 0.2; // the point at the upper left corner
    const moved = elastic(picture, one);
    const differs = (x: number, y: number) =>
      moved.data.slice(3 * (y * 60 + x), 3 * (y * 60 + x) + 3).join() !==
      picture.data.slice(3 * (y * 60 + x), 3 * (y * 60 + x) + 3).join();
    // Its spline spans two intervals of 20 pixels.
    let outside = 0;
    let inside = 0;
    for (let y = 0; y < 60; y++)
      for (let x = 0; x < 60; x++) if (differs(x, y)) x < 40 && y < 40 ? inside++ : outside++;
    expect(outside).toBe(0);
    expect(inside).toBeGreaterThan(300);
  });

  test('keeps a flat picture and refuses another number of displacements', () => {
    const flat = blankImage(8, 8);
    flat.data.fill(200);
    expect(randomElastic(flat, new Random(3)).data).toEqual(flat.data);
    expect(() => elastic(flat, [1, 2])).toThrow('elastic: give 72 displacements, not 2.');
  });
});

describe('noise', () => {
  const gray = () => {
    const image = blankImage(100, 100);
    image.data.fill(128);
    return image;
  };
  const moments = (values: ArrayLike<number>) => {
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < values.length; i++) {
      sum += values[i];
      squares += values[i] ** 2;
    }
    const mean = sum / values.length;
    return { mean, variance: squares / values.length - mean * mean };
  };

  test('fillNormal gives the right mean, variance and tails and independent draws', () => {
    const draws = new Float32Array(100_001);
    fillNormal(draws, 2, new Random(1));
    const { mean, variance } = moments(draws);
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 4)).toBeLessThan(0.08);
    const beyond = draws.filter((draw) => Math.abs(draw) > 4).length / draws.length;
    expect(Math.abs(beyond - 0.0455)).toBeLessThan(0.003);
    let product = 0;
    for (let i = 1; i < draws.length; i++) product += draws[i - 1] * draws[i];
    expect(Math.abs(product / draws.length)).toBeLessThan(0.05);
  });

  test('poissonTable has equal mean and variance', () => {
    for (const mean of [0.5, 8, 60]) {
      const measured = moments(poissonTable(mean));
      expect(Math.abs(measured.mean / mean - 1)).toBeLessThan(0.02);
      expect(Math.abs(measured.variance / mean - 1)).toBeLessThan(0.03);
    }
    expect(Math.max(...poissonTable(0))).toBe(0);
  });

  test('Gaussian noise has the given variance, multiplicative noise the given range', () => {
    const { mean, variance } = moments(gaussianNoise(gray(), 30, new Random(2)).data);
    expect(Math.abs(mean - 128)).toBeLessThan(0.2);
    // Rounding to whole levels adds one twelfth.
    expect(Math.abs(variance - 30)).toBeLessThan(1);
    const factors = moments(multiplicativeNoise(gray(), 0.5, 1.5, new Random(2)).data);
    expect(Math.abs(factors.mean - 128)).toBeLessThan(1);
    expect(Math.abs(factors.variance / ((128 * 128) / 12) - 1)).toBeLessThan(0.05);
  });

  test('ISO noise leaves a flat gray image unchanged and brightens other images', () => {
    expect(isoNoise(gray(), 0.05, 0.5, new Random(1)).data).toEqual(gray().data);
    const picture = pictureImage(64, 64);
    const noisy = isoNoise(copy(picture), 0.03, 0.4, new Random(1));
    expect(moments(noisy.data).mean).toBeGreaterThan(moments(picture.data).mean + 1);
    expect(meanAbsoluteDifference(noisy, picture)).toBeLessThan(30);
    const colors = noiseImage(32, 32);
    expect(maxDifference(isoNoise(copy(colors), 0, 0, new Random(1)), colors)).toBeLessThanOrEqual(1);
  });
});

describe('color', () => {
  test('adjustHue by a third of a turn maps red to green and green to blue', () => {
    const image = { width: 3, height: 1, data: Uint8Array.from([255, 0, 0, 0, 255, 0, 10, 20, 200]) };
    expect([...adjustHue(copy(image), 1 / 3).data.subarray(0, 6)]).toEqual([0, 255, 0, 0, 0, 255]);
    expect(maxDifference(adjustHue(adjustHue(copy(image), 0.3), -0.3), image)).toBeLessThanOrEqual(2);
  });

  test('every transform keeps the size of the image', () => {
    const extremes = blankImage(24, 24);
    for (let i = 0; i < extremes.data.length; i++) extremes.data[i] = i % 3 === 0 || i % 7 === 0 ? 255 : 0;
    for (const members of Object.values(pixelTransforms)) {
      for (const [name, transform] of Object.entries(members)) {
        for (let seed = 0; seed < 5; seed++) {
          for (const image of [copy(extremes), noiseImage(17, 9), blankImage(2, 2), blankImage(1, 1)]) {
            const result = transform(copy(image), new Random(seed));
            expect([result.width, result.height, result.data.length], name).toEqual([
              image.width,
              image.height,
              image.data.length,
            ]);
          }
        }
      }
    }
  });
});

describe('geometry', () => {
  test('a warp by a quarter turn matches view 1', () => {
    const image = pictureImage(32, 32);
    const turned = warp(image, whole(image), [1e-12, -1, 1, 1, 1e-12, 0], 32, 'reflect');
    expect(maxDifference(turned, applyView(image, 1, 32))).toBeLessThanOrEqual(1);
  });

  test('shiftScaleRotate stays within its limits about the center', () => {
    for (let seed = 0; seed < 200; seed++) {
      const [a, b, c, d, e, f] = shiftScaleRotate(new Random(seed));
      const scale = 1 / Math.hypot(a, d);
      expect(Math.abs(scale - 1)).toBeLessThanOrEqual(0.1 + 1e-9);
      expect(Math.abs(Math.atan2(d, a))).toBeLessThanOrEqual(Math.PI / 12 + 1e-9);
      expect(a).toBeCloseTo(e, 12);
      expect(b).toBeCloseTo(-d, 12);
      // The inverse map at (0.5, 0.5) gives the new position of the image's center.
      const u = (e * (0.5 - c) - b * (0.5 - f)) * scale * scale;
      const v = (a * (0.5 - f) - d * (0.5 - c)) * scale * scale;
      expect(Math.max(Math.abs(u - 0.5), Math.abs(v - 0.5))).toBeLessThanOrEqual(0.1 + 1e-9);
    }
  });

  test('fills beyond the edge with black, mirrored or repeated pixels of the region only', () => {
    const image = blankImage(8, 8);
    for (let y = 0; y < 8; y++)
      for (let x = 0; x < 8; x++)
        image.data.fill(x < 4 ? 40 + 20 * x : 250, (y * 8 + x) * 3, (y * 8 + x) * 3 + 3);
    const left = { x: 0, y: 0, width: 4, height: 8 };
    const row = (border: 'constant' | 'reflect' | 'replicate') =>
      [0, 1, 2, 3].map((x) => warp(image, left, [1, 0, 0.5, 0, 1, 0], 4, border).data[x * 3]);
    expect(row('constant')).toEqual([80, 100, 0, 0]);
    expect(row('reflect')).toEqual([80, 100, 80, 60]);
    expect(row('replicate')).toEqual([80, 100, 100, 100]);
  });
});

describe('Augmentation', () => {
  const image = pictureImage(40, 40);

  test('is deterministic in the stream and does not change its input', () => {
    const before = image.data.slice();
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 23 }), (seed, view) => {
        const first = new Augmentation().augment(image, new Random(seed), 32, view);
        const second = new Augmentation({}).augment(image, new Random(seed), 32, view);
        expect(first.data).toEqual(second.data);
        expect(first.data.length).toBe(32 * 32 * 3);
      }),
      { numRuns: 60 },
    );
    expect(image.data).toEqual(before);
    const results = new Set(
      Array.from({ length: 40 }, (_, i) =>
        new Augmentation().augment(image, new Random(9, i), 32).data.join(),
      ),
    );
    // One image in sixteen is unchanged.
    expect(results.size).toBeGreaterThan(30);
  });

  test('applies every transform when it is the only one selected', () => {
    for (const [group, names] of Object.entries(augmentationGroups)) {
      for (const name of names) {
        const off = { geometric: 0, elastic: 0, blur: 0, noise: 0, color: 0 };
        const one = new Augmentation({ groups: { ...off, [group]: 1 }, transforms: [name] });
        const plain = applyView(image, 0, 32);
        const changed = Array.from({ length: 12 }, (_, i) =>
          meanAbsoluteDifference(one.augment(image, new Random(i), 32), plain),
        );
        expect(Math.max(...changed), name).toBeGreaterThan(0.1);
      }
    }
  });

  test('acts with the given probabilities', () => {
    const plain = applyView(image, 0, 32).data.join();
    const rate = (options: ConstructorParameters<typeof Augmentation>[0]) => {
      const augmentation = new Augmentation(options);
      let count = 0;
      for (let i = 0; i < 300; i++) {
        if (augmentation.augment(image, new Random(4, i), 32).data.join() !== plain) count++;
      }
      return count / 300;
    };
    const only = (group: GroupName, p: number) => ({ geometric: 0, blur: 0, noise: 0, color: 0, [group]: p });
    expect(rate({ probability: 0 })).toBe(0);
    expect(Math.abs(rate({ groups: only('noise', 0.3) }) - 0.3)).toBeLessThan(0.08);
    expect(Math.abs(rate({ probability: 0.5, groups: only('noise', 1) }) - 0.5)).toBeLessThan(0.09);
    expect(Math.abs(rate({ groups: only('geometric', 0.5) }) - 0.5)).toBeLessThan(0.09);
    expect(rate({ groups: only('elastic', 0) })).toBe(0);
    // Deformations by less than a level of any pixel are rare.
    expect(Math.abs(rate({ groups: only('elastic', 0.4) }) - 0.4)).toBeLessThan(0.09);
  });

  test('refuses invalid options', () => {
    expect(() => new Augmentation({ probability: 1.5 })).toThrow(/probability in \[0, 1\], not 1.5/);
    expect(() => new Augmentation({ groups: { blurr: 1 } as never })).toThrow(/unknown group "blurr"/);
    expect(() => new Augmentation({ transforms: ['sharpen' as never] })).toThrow(
      /unknown transform "sharpen"/,
    );
    expect(() => new Augmentation({ border: 'wrap' as never })).toThrow(/border must be/);
  });
});
