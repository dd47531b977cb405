import { checkExclude } from '../check-exclude.js';
import { clusteredRate } from '../clustered-rate.js';
import { checkLabels, normalizeRows } from '../normalize-rows.js';
import type { Interval } from '../wilson.js';
import { forEachMatchRanks, type IgnoredRows } from './match-ranks.js';

/** Options of `retrievalMetrics`. */
export interface RetrievalOptions extends IgnoredRows {
  /** The numbers of neighbors of `recallAtK` and `precisionAtK`. Default 1, 2, 4 and 8. */
  k?: readonly number[];
  /**
   * What the intervals assume to be independent: single queries, or the identities of the queries. Intervals over
   * identities are wider where the queries of one identity succeed or fail together. Default: `queries`. Has no effect if
   * `averageOver` is `identities`.
   */
  intervalsOver?: 'queries' | 'identities';
  /**
   * `queries` weighs every query alike, `identities` every identity, whatever its number of queries (pytorch-metric-learning's
   * avg_of_avgs). Default: `queries`.
   */
  averageOver?: 'queries' | 'identities';
}

/** The mean of a metric over queries. */
export interface RetrievalMean {
  value: number;
  /** 95 % interval: Wilson's for the effective number of queries. */
  interval: Interval;
}

/** Retrieval metrics of a set of queries. */
export interface RetrievalMetrics {
  /** Share of queries whose nearest row is a match. */
  precisionAt1: RetrievalMean;
  /** Share of matches among the R nearest rows, where R is the query's number of matches. */
  rPrecision: RetrievalMean;
  /** Mean average precision over the R nearest rows: MAP@R of Musgrave et al. */
  mapAtR: RetrievalMean;
  /** Mean average precision over the whole gallery. */
  meanAveragePrecision: RetrievalMean;
  /** Mean of 1 / rank of the first match. */
  meanReciprocalRank: RetrievalMean;
  /**
   * Share of queries with a match among the k nearest rows. Papers on metric learning call it Recall@K, papers on
   * re-identification CMC@k.
   */
  recallAtK: ({ k: number } & RetrievalMean)[];
  /** Share of matches among the k nearest rows. */
  precisionAtK: ({ k: number } & RetrievalMean)[];
  /** Queries that have a match. The metrics are means over them. */
  queries: number;
  /** Queries without a match in the gallery, which count nowhere. */
  queriesWithoutMatch: number;
  galleryRows: number;
}

/**
 * Ranks a gallery by cosine for each query and measures how high the rows with the query's label are. Every score is
 * computed; memory does not grow with the number of queries. Ties are ordered by row.
 *
 * @param query Row-major Q×D; rows need not have unit length.
 * @param queryLabels The identity of each query.
 * @param gallery Row-major G×D.
 * @param galleryLabels The identity of each gallery row.
 * @param dimensions D.
 * @throws RangeError if sizes disagree, `k` is not a positive integer, no query has a match, or a row has a NaN, an infinity
 *   or zero length. The message names the row.
 * @see Musgrave, Belongie & Lim, "A Metric Learning Reality Check", ECCV 2020. The values equal those of
 *   pytorch-metric-learning's AccuracyCalculator with `k` unset.
 */
export function retrievalMetrics(
  query: Float32Array,
  queryLabels: Int32Array,
  gallery: Float32Array,
  galleryLabels: Int32Array,
  dimensions: number,
  options: RetrievalOptions = {},
): RetrievalMetrics {
  const { k: ks = [1, 2, 4, 8], intervalsOver = 'queries', averageOver = 'queries' } = options;
  for (const k of ks) {
    if (!Number.isInteger(k) || k < 1) throw new RangeError(`k must be integers of at least 1, got ${k}.`);
  }
  const q = normalizeRows(query, dimensions, 'query');
  const g = normalizeRows(gallery, dimensions, 'gallery');
  checkLabels(queryLabels, q.count, 'queryLabels');
  checkLabels(galleryLabels, g.count, 'galleryLabels');
  checkIgnored(options, q.count, g.count);

  const scored: number[] = [];
  const rows: QueryValues[] = [];
  forEachMatchRanks(q, queryLabels, g, galleryLabels, options, (i, ranks) => {
    if (ranks.length === 0) return;
    scored.push(i);
    rows.push(valuesOf(ranks, ks));
  });
  if (rows.length === 0) {
    throw new RangeError(
      'No query has a match in the gallery, so nothing can be measured. Check the labels, exclude and the groups.',
    );
  }
  const identities = scored.map((i) => queryLabels[i]);
  const mean = (metric: (row: QueryValues) => number): RetrievalMean => {
    const values = rows.map(metric);
    const { rate, interval } =
      averageOver === 'identities'
        ? clusteredRate(...meansOfIdentities(values, identities))
        : clusteredRate(values, intervalsOver === 'identities' ? identities : scored);
    return { value: rate, interval };
  };
  return {
    precisionAt1: mean((row) => row.precisionAt1),
    rPrecision: mean((row) => row.rPrecision),
    mapAtR: mean((row) => row.mapAtR),
    meanAveragePrecision: mean((row) => row.averagePrecision),
    meanReciprocalRank: mean((row) => row.reciprocalRank),
    recallAtK: ks.map((k, at) => ({ k, ...mean((row) => (row.found[at] > 0 ? 1 : 0)) })),
    precisionAtK: ks.map((k, at) => ({ k, ...mean((row) => row.found[at] / k) })),
    queries: scored.length,
    queriesWithoutMatch: q.count - scored.length,
    galleryRows: g.count,
  };
}

/** The metrics of one query. */
interface QueryValues {
  precisionAt1: number;
  rPrecision: number;
  mapAtR: number;
  averagePrecision: number;
  reciprocalRank: number;
  /** Number of matches among the k nearest rows, for each k. */
  found: number[];
}

/** Computes the metrics of one query from the ascending ranks of its matches. */
function valuesOf(ranks: Int32Array, ks: readonly number[]): QueryValues {
  const matches = ranks.length;
  let [withinR, precisionsWithinR, precisions] = [0, 0, 0];
  for (let m = 0; m < matches; m++) {
    const precision = (m + 1) / ranks[m];
    precisions += precision;
    if (ranks[m] > matches) continue;
    withinR++;
    precisionsWithinR += precision;
  }
  return {
    precisionAt1: ranks[0] === 1 ? 1 : 0,
    rPrecision: withinR / matches,
    mapAtR: precisionsWithinR / matches,
    averagePrecision: precisions / matches,
    reciprocalRank: 1 / ranks[0],
    found: ks.map((k) => countUpTo(ranks, k)),
  };
}

/** Returns the mean of each identity's values, and the identities. */
function meansOfIdentities(values: readonly number[], identities: readonly number[]): [number[], number[]] {
  const sums = new Map<number, { sum: number; count: number }>();
  for (const [at, identity] of identities.entries()) {
    const own = sums.get(identity) ?? { sum: 0, count: 0 };
    own.sum += values[at];
    own.count++;
    sums.set(identity, own);
  }
  return [[...sums.values()].map(({ sum, count }) => sum / count), [...sums.keys()]];
}

function countUpTo(ranks: Int32Array, k: number): number {
  let count = 0;
  while (count < ranks.length && ranks[count] <= k) count++;
  return count;
}

/** @throws RangeError if sizes disagree, an excluded row does not exist, or only one side has groups. */
function checkIgnored(
  { exclude, queryGroups, galleryGroups }: IgnoredRows,
  queries: number,
  rows: number,
): void {
  if (exclude) checkExclude(exclude, queries, rows);
  if ((queryGroups === undefined) !== (galleryGroups === undefined)) {
    throw new RangeError('queryGroups and galleryGroups belong together. Pass both, or neither.');
  }
  if (queryGroups && galleryGroups) {
    checkLabels(queryGroups, queries, 'queryGroups');
    checkLabels(galleryGroups, rows, 'galleryGroups');
  }
}
