import { countRows, writeUnitRows } from '../normalize-rows.js';

/** Options of `clusterEmbeddings`. */
export interface ClusterOptions {
  /** Seed of the first centers (k-means++). Default 0. */
  seed?: number;
  /** Largest number of iterations. Default 100. */
  maxIterations?: number;
}

/**
 * Groups embeddings into `k` clusters by k-means on the unit sphere's points, with the library `ml-kmeans`.
 *
 * @param embeddings Row-major N×D; rows need not have unit length.
 * @param dimensions D.
 * @param k Number of clusters, at most N. Papers on metric learning use the number of identities.
 * @returns The cluster of each row, from 0 to k - 1.
 * @throws RangeError if sizes disagree, `k` is out of range, or a row has a NaN, an infinity or zero length.
 * @throws Error if the package `ml-kmeans` is not installed.
 */
export async function clusterEmbeddings(
  embeddings: Float32Array,
  dimensions: number,
  k: number,
  { seed = 0, maxIterations = 100 }: ClusterOptions = {},
): Promise<Int32Array> {
  const rows = countRows(embeddings, dimensions);
  if (!Number.isInteger(k) || k < 1 || k > rows) {
    throw new RangeError(`k must be an integer in 1…${rows} (the number of rows), got ${k}.`);
  }
  const unit = new Float64Array(embeddings.length);
  writeUnitRows(unit, embeddings, dimensions);
  const { kmeans } = await loadKmeans();
  const points = Array.from({ length: rows }, (_, i) =>
    Array.from(unit.subarray(i * dimensions, (i + 1) * dimensions)),
  );
  return Int32Array.from(kmeans(points, k, { seed, maxIterations, initialization: 'kmeans++' }).clusters);
}

async function loadKmeans(): Promise<typeof import('ml-kmeans')> {
  try {
    return await import('ml-kmeans');
  } catch (cause) {
    throw new Error('clusterEmbeddings requires the package ml-kmeans: npm install ml-kmeans', { cause });
  }
}
