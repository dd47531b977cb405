import type { Image } from './image.js';
import { luminance } from './luminance.js';

/** Side of the grid of gray levels that images are compared by. */
const SIDE = 32;
/** Share of a side that is cut off the first image, and that the second one may lack. */
const INSET = 0.04;
/** Largest and smallest change of an edge in the search, as shares of a side. */
const STEPS = [0.02, 0.01, 0.005, 0.0025];

/** Edges of a part of an image, as shares of its sides. */
type Box = readonly [left: number, top: number, right: number, bottom: number];

/**
 * Returns by how many gray levels two images differ at most in a cell of a 32 × 32 grid, after their edges are aligned: one may be
 * cropped by up to 4 % on each side. Coordinate descent on the mean difference finds the edges.
 */
export function alignedDifference(first: Image, second: Image): number {
  const [a, b] = [sumLevels(first), sumLevels(second)];
  const target = averageCells(a, [INSET, INSET, 1 - INSET, 1 - INSET]);
  let box: Box = [INSET, INSET, 1 - INSET, 1 - INSET];
  let cells = averageCells(b, box);
  let least = meanDifference(target, cells);
  for (const step of STEPS) {
    for (let moved = true; moved; ) {
      moved = false;
      for (let edge = 0; edge < 4; edge++) {
        for (const change of [-step, step]) {
          const tried = box.with(edge, box[edge] + change) as unknown as Box;
          if (tried.some((at) => at < 0 || at > 1)) continue;
          const found = averageCells(b, tried);
          const difference = meanDifference(target, found);
          if (difference < least) [box, cells, least, moved] = [tried, found, difference, true];
        }
      }
    }
  }
  return largestDifference(target, cells);
}

/** Returns the largest difference of two lists of gray levels. */
export function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, level, i) => Math.max(most, Math.abs(level - b[i])), 0);
}

/** Returns the mean difference of two lists of gray levels. */
export function meanDifference(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i]);
  return sum / a.length;
}

/** Sums of the gray levels above and to the left of each corner of a pixel. */
interface SummedLevels {
  width: number;
  height: number;
  /** [height + 1, width + 1] */
  sums: Float64Array;
}

function sumLevels({ width, height, data }: Image): SummedLevels {
  const across = width + 1;
  const sums = new Float64Array(across * (height + 1));
  for (let y = 0, p = 0; y < height; y++) {
    let row = 0;
    for (let x = 0; x < width; x++, p += 3) {
      row += luminance(data, p);
      sums[(y + 1) * across + x + 1] = sums[y * across + x + 1] + row;
    }
  }
  return { width, height, sums };
}

/** Returns the mean gray levels of the cells of a grid over a part of an image. */
function averageCells({ width, height, sums }: SummedLevels, [left, top, right, bottom]: Box): Float32Array {
  const xs = Array.from({ length: SIDE + 1 }, (_, i) => (left + ((right - left) * i) / SIDE) * width);
  const ys = Array.from({ length: SIDE + 1 }, (_, i) => (top + ((bottom - top) * i) / SIDE) * height);
  const across = width + 1;
  const corners = new Float64Array((SIDE + 1) ** 2);
  for (const [row, y] of ys.entries()) {
    const y0 = Math.min(Math.floor(y), height - 1);
    for (const [column, x] of xs.entries()) {
      const x0 = Math.min(Math.floor(x), width - 1);
      const at = y0 * across + x0;
      const upper = sums[at] + (sums[at + 1] - sums[at]) * (x - x0);
      const lower = sums[at + across] + (sums[at + across + 1] - sums[at + across]) * (x - x0);
      corners[row * (SIDE + 1) + column] = upper + (lower - upper) * (y - y0);
    }
  }
  const area = ((xs[SIDE] - xs[0]) * (ys[SIDE] - ys[0])) / SIDE ** 2;
  const cells = new Float32Array(SIDE * SIDE);
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const at = row * (SIDE + 1) + column;
      const sum = corners[at + SIDE + 2] - corners[at + SIDE + 1] - corners[at + 1] + corners[at];
      cells[row * SIDE + column] = sum / area;
    }
  }
  return cells;
}
