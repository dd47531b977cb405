import type { Random } from '@unitsphere/core/random';
import type { Image } from '../image.js';

/**
 * Simulates a camera: blur of the lens and of camera shake, chroma at half resolution as in JPEG, and sensor noise.
 * @param light Light on the sensor: size × size × 3 interleaved RGB in units of 8-bit values, not rounded; overwritten.
 * @param spare Buffer of the same length; overwritten.
 */
export function capture(light: Float32Array, spare: Float32Array, size: number, random: Random): Image {
  const scale = size / 160;
  const lens = random.boolean(0.75) ? random.uniform(0.2, 0.7) * scale : 0;
  const shake = random.boolean(0.2) ? random.uniform(0.4, 1.3) * scale : 0;
  const isVertical = random.boolean();
  const sigmaX = Math.hypot(lens, isVertical ? 0 : shake);
  const sigmaY = Math.hypot(lens, isVertical ? shake : 0);
  if (sigmaX > 0.2) blur(light, spare, size, sigmaX, 3, size * 3);
  if (sigmaY > 0.2) blur(light, spare, size, sigmaY, size * 3, 3);
  if (random.boolean(0.6)) halveChroma(light, size);
  return develop(light, size, random);
}

/** Adds noise and rounds to bytes. */
function develop(light: Float32Array, size: number, random: Random): Image {
  const data = new Uint8Array(size * size * 3);
  // The sum of four uniform bytes has a standard deviation of 147.8. Luminance noise is common to all channels.
  const grain = (random.boolean(0.8) ? random.uniform(0.5, 6) : 0) / 147.8;
  const speckle = (grain * random.uniform(0.1, 0.6) * 147.8) / 73.9;
  let state = random.uint32() | 1;
  for (let p = 0; p < data.length; p += 3) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const all =
      ((state & 255) + ((state >>> 8) & 255) + ((state >>> 16) & 255) + (state >>> 24) - 510) * grain;
    const own = (((state >>> 4) & 255) - 127.5) * speckle;
    const other = (((state >>> 12) & 255) - 127.5) * speckle;
    data[p] = clampByte(light[p] + all + own);
    data[p + 1] = clampByte(light[p + 1] + all);
    data[p + 2] = clampByte(light[p + 2] + all + other);
  }
  return { width: size, height: size, data };
}

function clampByte(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : (value + 0.5) | 0;
}

/**
 * Blurs with a Gaussian along one axis, in place. `step` is the distance between neighbors, `line` that between lines.
 * Edge values are repeated.
 */
function blur(
  values: Float32Array,
  spare: Float32Array,
  size: number,
  sigma: number,
  step: number,
  line: number,
): void {
  const radius = Math.max(1, Math.ceil(sigma * 2.2));
  const weights = new Float64Array(radius + 1);
  let sum = 0;
  for (let k = 0; k <= radius; k++) {
    weights[k] = Math.exp((-k * k) / (2 * sigma * sigma));
    sum += k === 0 ? weights[k] : 2 * weights[k];
  }
  for (let k = 0; k <= radius; k++) weights[k] /= sum;
  spare.set(values);
  for (let row = 0; row < size; row++) {
    for (let n = 0; n < size; n++) {
      const at = row * line + n * step;
      let r = spare[at] * weights[0];
      let g = spare[at + 1] * weights[0];
      let b = spare[at + 2] * weights[0];
      for (let k = 1; k <= radius; k++) {
        const before = n >= k ? at - k * step : row * line;
        const after = n + k < size ? at + k * step : row * line + (size - 1) * step;
        r += (spare[before] + spare[after]) * weights[k];
        g += (spare[before + 1] + spare[after + 1]) * weights[k];
        b += (spare[before + 2] + spare[after + 2]) * weights[k];
      }
      values[at] = r;
      values[at + 1] = g;
      values[at + 2] = b;
    }
  }
}

/** Averages the chroma over 2 × 2 pixels and keeps the luma of every pixel (4:2:0), in place. */
function halveChroma(values: Float32Array, size: number): void {
  const even = size & ~1;
  for (let y = 0; y < even; y += 2) {
    for (let x = 0; x < even; x += 2) {
      const first = (y * size + x) * 3;
      const below = first + size * 3;
      const r = values[first] + values[first + 3] + values[below] + values[below + 3];
      const g = values[first + 1] + values[first + 4] + values[below + 1] + values[below + 4];
      const b = values[first + 2] + values[first + 5] + values[below + 2] + values[below + 5];
      const mean = (0.299 * r + 0.587 * g + 0.114 * b) / 4;
      for (let corner = 0; corner < 4; corner++) {
        const p = (corner < 2 ? first : below) + 3 * (corner & 1);
        const luma = 0.299 * values[p] + 0.587 * values[p + 1] + 0.114 * values[p + 2];
        values[p] = luma + r / 4 - mean;
        values[p + 1] = luma + g / 4 - mean;
        values[p + 2] = luma + b / 4 - mean;
      }
    }
  }
}
