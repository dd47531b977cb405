import { Random } from '@unitsphere/core';
import { UMAP } from 'umap-js';

/** Points that a neighborhood has at most, as in UMAP's default. */
const NEIGHBORS = 15;
/** Seed, so that a map is the same each time. */
const SEED = 1;

/**
 * Places embeddings on a map by UMAP (McInnes et al. 2018), with cosine distances.
 * @returns Positions in [0, 1] × [0, 1]. With fewer than 4 embeddings, they are in a row.
 */
export function mapEmbeddings(embeddings: readonly Float32Array[]): [x: number, y: number][] {
  const count = embeddings.length;
  if (count < 4) return embeddings.map((_, i) => [(i + 0.5) / count, 0.5]);
  const random = new Random(SEED);
  const umap = new UMAP({
    nComponents: 2,
    nNeighbors: Math.min(NEIGHBORS, count - 1),
    random: () => random.uniform(),
    distanceFn: (a, b) => 1 - product(a, b) / Math.sqrt(product(a, a) * product(b, b)),
  });
  const positions = umap.fit(embeddings.map((embedding) => [...embedding]));
  const [xs, ys] = [0, 1].map((axis) => scaleToUnit(positions.map((position) => position[axis])));
  return positions.map((_, i) => [xs[i], ys[i]]);
}

function scaleToUnit(values: readonly number[]): number[] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return values.map((value) => (high > low ? (value - low) / (high - low) : 0.5));
}

const product = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, k) => sum + value * b[k], 0);
