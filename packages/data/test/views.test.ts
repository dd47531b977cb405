import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blankImage, type Image } from '../src/image.js';
import { applyView, classLabel, VIEW_COUNT } from '../src/views.js';
import { noiseImage, pictureImage } from './images.js';

const pixel = (image: Image, x: number, y: number) => {
  const p = (y * image.width + x) * 3;
  return [...image.data.subarray(p, p + 3)];
};

/** Computes a view step by step on whole images, from its definition. */
function slowView(image: Image, view: number): Image {
  let current = image;
  for (let turn = 0; turn < view % 4; turn++) {
    const turned = blankImage(current.height, current.width);
    for (let y = 0; y < turned.height; y++) {
      for (let x = 0; x < turned.width; x++) {
        turned.data.set(pixel(current, current.width - 1 - y, x), (y * turned.width + x) * 3);
      }
    }
    current = turned;
  }
  if (view % 8 >= 4) {
    const flipped = blankImage(current.width, current.height);
    for (let y = 0; y < current.height; y++) {
      for (let x = 0; x < current.width; x++) {
        flipped.data.set(pixel(current, x, current.height - 1 - y), (y * current.width + x) * 3);
      }
    }
    current = flipped;
  }
  if (view < 8) return current;
  const half = Math.floor(current.height / 2);
  const rows = view < 16 ? half : current.height - half;
  const bytes = current.width * 3;
  const start = view < 16 ? 0 : half * bytes;
  return { width: current.width, height: rows, data: current.data.slice(start, start + rows * bytes) };
}

describe('applyView', () => {
  test('rotates and flips exactly when the size stays the same', () => {
    const image = noiseImage(12, 12);
    for (let view = 0; view < 8; view++) {
      expect(applyView(image, view, 12).data, `view ${view}`).toEqual(slowView(image, view).data);
    }
  });

  test('matches the definition followed by a resize, for every view and for odd and unequal sides', () => {
    for (const [width, height] of [
      [12, 12],
      [13, 13],
      [9, 14],
    ]) {
      const image = noiseImage(width, height, width);
      for (let view = 0; view < VIEW_COUNT; view++) {
        const expected = applyView(slowView(image, view), 0, 10);
        expect(applyView(image, view, 10).data, `view ${view} of ${width} × ${height}`).toEqual(
          expected.data,
        );
      }
    }
  });

  test('gives 24 different images of any image without symmetry', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 8, max: 24 }), (seed, side) => {
        const image = noiseImage(side, side, seed);
        const seen = new Set(
          Array.from({ length: VIEW_COUNT }, (_, view) => applyView(image, view, 16).data.join()),
        );
        expect(seen.size).toBe(VIEW_COUNT);
      }),
      { numRuns: 30 },
    );
  });

  test('averages before shrinking, so that fine stripes become gray', () => {
    const stripes = blankImage(64, 64);
    for (let p = 0; p < stripes.data.length; p += 3) if ((p / 3) % 2 === 1) stripes.data.fill(255, p, p + 3);
    for (const value of applyView(stripes, 0, 16).data) expect(Math.abs(value - 128)).toBeLessThanOrEqual(1);
  });

  test('keeps the mean color for any scale factor', () => {
    const mean = (image: Image) => image.data.reduce((sum, value) => sum + value, 0) / image.data.length;
    const image = pictureImage(150, 150);
    for (const size of [128, 90, 70, 49, 30, 7]) {
      expect(Math.abs(mean(applyView(image, 0, size)) - mean(image)), `to ${size}`).toBeLessThan(2);
    }
  });

  test('refuses an invalid view, size or image', () => {
    const image = noiseImage(4, 4);
    expect(() => applyView(image, 24, 4)).toThrow(/in \[0, 24\), not 24/);
    expect(() => applyView(image, 0.5, 4)).toThrow(RangeError);
    expect(() => applyView(image, 0, 0)).toThrow(/positive integer/);
    expect(() => applyView({ ...image, data: new Uint8Array(64) }, 0, 4)).toThrow(/has 48 bytes, not 64/);
    expect(() => applyView(noiseImage(4, 1), 8, 4)).toThrow(/cannot be halved/);
  });
});

describe('classLabel', () => {
  test('gives every view class its own label', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 60 }),
        fc.constantFrom(1 as const, VIEW_COUNT),
        (count, views) => {
          const labels = new Set<number>();
          for (let i = 0; i < count; i++) for (let v = 0; v < views; v++) labels.add(classLabel(i, v, views));
          expect(labels.size).toBe(count * views);
          expect(Math.max(...labels)).toBe(count * views - 1);
        },
      ),
    );
    expect(() => classLabel(0, 24, 24)).toThrow(RangeError);
    expect(() => classLabel(0, 1, 1)).toThrow(RangeError);
  });
});
