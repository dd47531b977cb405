import { float32, type HostTensor, toFloat32 } from '@unitsphere/core';

/** Rows and columns of a grid of patches. */
export type Grid = readonly [rows: number, columns: number];

const CUBIC = -0.5;
const SUPPORT = 2;

/**
 * Resamples position embeddings to another grid, as timm's resample_abs_pos_embed: bicubic interpolation with antialiasing.
 * The first token belongs to the class token and is copied.
 * @param positions [1, 1 + from rows × from columns, channels].
 * @returns float32 [1, 1 + to rows × to columns, channels].
 */
export function resamplePositions(positions: HostTensor, from: Grid, to: Grid): HostTensor {
  const channels = positions.shape[2];
  const values = toFloat32(positions);
  const out = new Float32Array((1 + to[0] * to[1]) * channels);
  out.set(values.subarray(0, channels));
  const rows = axisWeights(from[0], to[0]);
  const columns = axisWeights(from[1], to[1]);
  // The columns of every source row, then the rows.
  const middle = new Float64Array(from[0] * to[1] * channels);
  for (let row = 0; row < from[0]; row++) {
    columns.forEach(({ start, weights }, column) => {
      weights.forEach((weight, i) => {
        const source = (1 + row * from[1] + start + i) * channels;
        const target = (row * to[1] + column) * channels;
        for (let c = 0; c < channels; c++) middle[target + c] += weight * values[source + c];
      });
    });
  }
  const sums = new Float64Array(to[1] * channels);
  rows.forEach(({ start, weights }, row) => {
    sums.fill(0);
    weights.forEach((weight, i) => {
      const source = (start + i) * sums.length;
      for (let at = 0; at < sums.length; at++) sums[at] += weight * middle[source + at];
    });
    out.set(sums, channels + row * sums.length);
  });
  return float32([1, 1 + to[0] * to[1], channels], out);
}

/** Returns the first source position and the weights for each output position along an axis, as in PyTorch and PIL. */
function axisWeights(from: number, to: number): { start: number; weights: number[] }[] {
  const scale = from / to;
  const stretch = Math.max(1, scale);
  return Array.from({ length: to }, (_, i) => {
    const center = (i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - SUPPORT * stretch + 0.5));
    const end = Math.min(from, Math.trunc(center + SUPPORT * stretch + 0.5));
    const raw = Array.from({ length: end - start }, (_, j) => cubic((start + j - center + 0.5) / stretch));
    const sum = raw.reduce((a, b) => a + b, 0);
    return { start, weights: raw.map((weight) => weight / sum) };
  });
}

function cubic(x: number): number {
  const d = Math.abs(x);
  if (d < 1) return ((CUBIC + 2) * d - (CUBIC + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * CUBIC : 0;
}
