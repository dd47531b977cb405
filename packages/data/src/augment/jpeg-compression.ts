import type { Random } from '@unitsphere/core/random';
import { blankImage, type Image } from '../image.js';
import { toByte } from './transform.js';

/**
 * Simulates JPEG compression: Y′CbCr, chroma at half resolution (4:2:0), 8 × 8 discrete cosine transform (Arai, Agui &
 * Nakajima, 1988, in floating point), quantization by ITU-T T.81 Annex K's tables scaled as in libjpeg, and back. The
 * lossless entropy coding is skipped.
 * @param quality Quality as in libjpeg, clamped to 1 … 100.
 */
export function jpegCompression(image: Image, quality: number): Image {
  const { width, height, data } = image;
  // An encoder pads to whole 16 × 16 blocks by repeating edge pixels.
  const fullWidth = Math.ceil(width / 16) * 16;
  const fullHeight = Math.ceil(height / 16) * 16;
  const halfWidth = fullWidth / 2;
  const halfHeight = fullHeight / 2;
  const luma = new Float32Array(fullWidth * fullHeight);
  const blue = new Float32Array(halfWidth * halfHeight);
  const red = new Float32Array(halfWidth * halfHeight);
  for (let y = 0; y < fullHeight; y++) {
    const row = Math.min(y, height - 1) * width;
    for (let x = 0; x < fullWidth; x++) {
      const p = (row + (x < width ? x : width - 1)) * 3;
      const r = data[p];
      const g = data[p + 1];
      const b = data[p + 2];
      luma[y * fullWidth + x] = 0.299 * r + 0.587 * g + 0.114 * b - 128;
      const h = (y >> 1) * halfWidth + (x >> 1);
      blue[h] += 0.25 * (-0.168735892 * r - 0.331264108 * g + 0.5 * b);
      red[h] += 0.25 * (0.5 * r - 0.418687589 * g - 0.081312411 * b);
    }
  }
  const clamped = Math.min(100, Math.max(1, Math.round(quality)));
  const lumaTable = scaledTable(LUMA, clamped);
  const chromaTable = scaledTable(CHROMA, clamped);
  roundTrip(luma, fullWidth, fullHeight, lumaTable);
  roundTrip(blue, halfWidth, halfHeight, chromaTable);
  roundTrip(red, halfWidth, halfHeight, chromaTable);

  const output = blankImage(width, height);
  const to = output.data;
  const shownWidth = Math.ceil(width / 2);
  const shownHeight = Math.ceil(height / 2);
  for (let y = 0; y < height; y++) {
    // Chroma is upsampled in both directions from its two nearest values, weighted 3:1 (libjpeg's fancy upsampling).
    const near = (y >> 1) * halfWidth;
    const far = Math.min(Math.max((y >> 1) + ((y & 1) === 0 ? -1 : 1), 0), shownHeight - 1) * halfWidth;
    for (let x = 0; x < width; x++) {
      const nx = x >> 1;
      let fx = nx + ((x & 1) === 0 ? -1 : 1);
      if (fx < 0) fx = 0;
      else if (fx >= shownWidth) fx = shownWidth - 1;
      const cb =
        0.1875 * (3 * blue[near + nx] + blue[near + fx]) + 0.0625 * (3 * blue[far + nx] + blue[far + fx]);
      const cr =
        0.1875 * (3 * red[near + nx] + red[near + fx]) + 0.0625 * (3 * red[far + nx] + red[far + fx]);
      const l = luma[y * fullWidth + x] + 128;
      const p = (y * width + x) * 3;
      to[p] = toByte(l + 1.402 * cr);
      to[p + 1] = toByte(l - 0.344136286 * cb - 0.714136286 * cr);
      to[p + 2] = toByte(l + 1.772 * cb);
    }
  }
  return output;
}

/** Applies albumentations' ImageCompression with DocClassifier's qualities 0 … 50. */
export function randomJpegCompression(image: Image, random: Random): Image {
  return jpegCompression(image, random.int(51));
}

/** ITU-T T.81, table K.1. */
// biome-ignore format: eight rows of eight.
const LUMA = [
  16, 11, 10, 16, 24, 40, 51, 61,
  12, 12, 14, 19, 26, 58, 60, 55,
  14, 13, 16, 24, 40, 57, 69, 56,
  14, 17, 22, 29, 51, 87, 80, 62,
  18, 22, 37, 56, 68, 109, 103, 77,
  24, 35, 55, 64, 81, 104, 113, 92,
  49, 64, 78, 87, 103, 121, 120, 101,
  72, 92, 95, 98, 112, 100, 103, 99,
];

/** ITU-T T.81, table K.2. */
// biome-ignore format: eight rows of eight.
const CHROMA = [
  17, 18, 24, 47, 99, 99, 99, 99,
  18, 21, 26, 66, 99, 99, 99, 99,
  24, 26, 56, 99, 99, 99, 99, 99,
  47, 66, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99,
];

/** Scale of each output of the unnormalized transform along one axis. */
const AAN = [1, 1.387039845, 1.306562965, 1.175875602, 1, 0.785694958, 0.5411961, 0.275899379];

/** Computes the factor per coefficient before rounding (`quantize`) and after it (`dequantize`). */
function scaledTable(table: readonly number[], quality: number) {
  const percent = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality;
  const quantize = new Float32Array(64);
  const dequantize = new Float32Array(64);
  for (let i = 0; i < 64; i++) {
    const step = Math.min(255, Math.max(1, Math.floor((table[i] * percent + 50) / 100)));
    const scale = AAN[i >> 3] * AAN[i & 7];
    quantize[i] = 1 / (8 * step * scale);
    dequantize[i] = (step * scale) / 8;
  }
  return { quantize, dequantize };
}

const block = new Float32Array(64);

/** Transforms, quantizes and restores every 8 × 8 block of a plane, in place. */
function roundTrip(
  plane: Float32Array,
  width: number,
  height: number,
  table: { quantize: Float32Array; dequantize: Float32Array },
) {
  const { quantize, dequantize } = table;
  for (let top = 0; top < height; top += 8) {
    for (let left = 0; left < width; left += 8) {
      const corner = top * width + left;
      for (let y = 0; y < 8; y++) {
        for (let x = 0; x < 8; x++) block[y * 8 + x] = plane[corner + y * width + x];
      }
      for (let i = 0; i < 8; i++) forward(block, i * 8, 1);
      for (let i = 0; i < 8; i++) forward(block, i, 8);
      for (let i = 0; i < 64; i++) {
        const level = block[i] * quantize[i];
        block[i] = (level < 0 ? (level - 0.5) | 0 : (level + 0.5) | 0) * dequantize[i];
      }
      for (let i = 0; i < 8; i++) inverse(block, i, 8);
      for (let i = 0; i < 8; i++) inverse(block, i * 8, 1);
      for (let y = 0; y < 8; y++) {
        for (let x = 0; x < 8; x++) plane[corner + y * width + x] = block[y * 8 + x];
      }
    }
  }
}

/** Applies the forward transform to the 8 values at p, p + s, …, in place. */
function forward(v: Float32Array, p: number, s: number) {
  const s07 = v[p] + v[p + 7 * s];
  const d07 = v[p] - v[p + 7 * s];
  const s16 = v[p + s] + v[p + 6 * s];
  const d16 = v[p + s] - v[p + 6 * s];
  const s25 = v[p + 2 * s] + v[p + 5 * s];
  const d25 = v[p + 2 * s] - v[p + 5 * s];
  const s34 = v[p + 3 * s] + v[p + 4 * s];
  const d34 = v[p + 3 * s] - v[p + 4 * s];

  const e0 = s07 + s34;
  const e3 = s07 - s34;
  const e1 = s16 + s25;
  const e2 = s16 - s25;
  const z1 = (e2 + e3) * Math.SQRT1_2;
  v[p] = e0 + e1;
  v[p + 4 * s] = e0 - e1;
  v[p + 2 * s] = e3 + z1;
  v[p + 6 * s] = e3 - z1;

  const o0 = d34 + d25;
  const o1 = (d25 + d16) * Math.SQRT1_2;
  const o2 = d16 + d07;
  const z5 = (o0 - o2) * 0.382683433;
  const z2 = 0.5411961 * o0 + z5;
  const z4 = 1.306562965 * o2 + z5;
  const z11 = d07 + o1;
  const z13 = d07 - o1;
  v[p + 5 * s] = z13 + z2;
  v[p + 3 * s] = z13 - z2;
  v[p + s] = z11 + z4;
  v[p + 7 * s] = z11 - z4;
}

/** Applies the inverse transform to the 8 values at p, p + s, …, in place. */
function inverse(v: Float32Array, p: number, s: number) {
  const e0 = v[p] + v[p + 4 * s];
  const e1 = v[p] - v[p + 4 * s];
  const e3 = v[p + 2 * s] + v[p + 6 * s];
  const e2 = (v[p + 2 * s] - v[p + 6 * s]) * Math.SQRT2 - e3;
  const t0 = e0 + e3;
  const t3 = e0 - e3;
  const t1 = e1 + e2;
  const t2 = e1 - e2;

  const z13 = v[p + 5 * s] + v[p + 3 * s];
  const z10 = v[p + 5 * s] - v[p + 3 * s];
  const z11 = v[p + s] + v[p + 7 * s];
  const z12 = v[p + s] - v[p + 7 * s];
  const t7 = z11 + z13;
  const z5 = (z10 + z12) * 1.847759065;
  const t6 = z5 - z10 * 2.61312593 - t7;
  const t5 = (z11 - z13) * Math.SQRT2 - t6;
  const t4 = z5 - z12 * 1.0823922 - t5;
  v[p] = t0 + t7;
  v[p + 7 * s] = t0 - t7;
  v[p + s] = t1 + t6;
  v[p + 6 * s] = t1 - t6;
  v[p + 2 * s] = t2 + t5;
  v[p + 5 * s] = t2 - t5;
  v[p + 3 * s] = t3 + t4;
  v[p + 4 * s] = t3 - t4;
}
