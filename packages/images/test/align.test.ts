import { type GoldenTensor, readGolden } from '@unitsphere/testing/golden';
import { expect, test } from 'vitest';
import { alignFace, alignQuad, estimateSimilarity, type Point } from '../src/index.js';

interface FaceCase {
  name: string;
  photo: GoldenTensor;
  landmarks: GoldenTensor;
  size: number;
  aligned?: GoldenTensor;
}
interface SimilarityCase {
  name: string;
  from: GoldenTensor;
  to: GoldenTensor;
  matrix: GoldenTensor;
}
interface QuadCase {
  name: string;
  photo: GoldenTensor;
  corners: GoldenTensor;
  width: number;
  height: number;
  aligned: GoldenTensor;
}

const { cases } = readGolden<{ name: string }>('alignment');
const having = <T>(key: string) => cases.filter((c) => key in c) as T[];
const pictureOf = ({ data, shape }: GoldenTensor) => ({
  height: shape[0],
  width: shape[1],
  data: Uint8Array.from(data),
});
const pointsOf = ({ data }: GoldenTensor): Point[] =>
  Array.from({ length: data.length / 2 }, (_, i) => [data[2 * i], data[2 * i + 1]]);

/** OpenCV rounds positions or weights, so single levels may differ. */
function expectClose(actual: Uint8Array, { data }: GoldenTensor) {
  const differences = Array.from(actual, (value, i) => Math.abs(value - data[i]));
  expect(actual).toHaveLength(data.length);
  expect(Math.max(...differences)).toBeLessThanOrEqual(1);
  expect(differences.filter(Boolean).length / data.length).toBeLessThan(0.02);
}

test.each(having<FaceCase>('aligned').filter((c) => 'landmarks' in c))(
  "cuts out a face as insightface's norm_crop: $name",
  (c) => {
    const { width, height, data } = alignFace(pictureOf(c.photo), pointsOf(c.landmarks), c.size);
    expect([height, width]).toEqual([c.size, c.size]);
    expectClose(data, c.aligned!);
  },
);

test.each(having<SimilarityCase>('from'))("estimates scikit-image's similarity transform: $name", (c) => {
  const { a, b, tx, ty } = estimateSimilarity(pointsOf(c.from), pointsOf(c.to));
  [a, -b, tx, b, a, ty].forEach((value, i) => {
    expect(value).toBeCloseTo(c.matrix.data[i], 4);
  });
});

test.each(having<QuadCase>('corners'))(
  "straightens a quadrilateral as OpenCV's warpPerspective: $name",
  (c) => {
    const aligned = alignQuad(pictureOf(c.photo), pointsOf(c.corners), c);
    expect([aligned.width, aligned.height]).toEqual([c.width, c.height]);
    expectClose(aligned.data, c.aligned);
  },
);

test('averages the pixels of a shrunk quadrilateral', () => {
  const stripes = {
    width: 64,
    height: 64,
    data: Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (Math.floor(i / 3) % 2 ? 255 : 0)),
  };
  const whole: Point[] = [
    [0, 0],
    [64, 0],
    [64, 64],
    [0, 64],
  ];
  const { data } = alignQuad(stripes, whole, { width: 8, height: 8 });
  expect(new Set(data)).toEqual(new Set([128]));
});

test('leaves an upright image of the same size as it is', () => {
  const image = { width: 5, height: 4, data: Uint8Array.from({ length: 60 }, (_, i) => 4 * i) };
  const whole: Point[] = [
    [0, 0],
    [5, 0],
    [5, 4],
    [0, 4],
  ];
  expect(alignQuad(image, whole, image).data).toEqual(image.data);
});

test('refuses points that give no alignment', () => {
  const image = { width: 4, height: 4, data: new Uint8Array(48) };
  const corners: Point[] = [
    [0, 0],
    [4, 0],
    [4, 4],
    [0, 4],
  ];
  const size = { width: 2, height: 2 };
  expect(() => alignQuad(image, corners.toReversed(), size)).toThrow(/order top left, top right/);
  expect(() => alignQuad(image, corners.slice(1), size)).toThrow(/give 4 points/);
  expect(() => alignQuad(image, corners, { width: 0, height: 2 })).toThrow(/positive integers, not 0 × 2/);
  const face = Array.from({ length: 5 }, (): Point => [1, 1]);
  expect(() => alignFace(image, face)).toThrow(/all points are the same/);
  expect(() => alignFace(image, corners)).toThrow(/give 5 points/);
  expect(() => alignFace(image, [...corners, [1, Number.NaN]])).toThrow(/finite/);
  expect(() => alignFace(image, [...corners, [1, 2]], 100)).toThrow(/multiple of 112 or of 128, not 100/);
});
