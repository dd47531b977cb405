import { checkLabels, countRows, normalizeRows } from './normalize-rows.js';
import { forEachPairOfKind, orderByLabel, type PairBatch } from './pairs.js';
import { checkRocOptions, type RocOptions, type RocResult, rocFromCounts } from './roc.js';
import { ScoreLadder } from './score-ladder.js';

/** Options of `verifyEmbeddings`. */
export interface VerificationOptions extends RocOptions {
  /** Number of equal bins of the score histogram over [-1, 1]. Default 200. */
  bins?: number;
}

/** The number of pairs of each kind with a score in each bin. */
export interface ScoreHistogram {
  /** `bins + 1` edges from -1 to 1. A bin includes its lower edge, and the last bin includes 1. */
  edges: Float64Array;
  positive: Float64Array;
  negative: Float64Array;
}

/** The verification result of a set of labeled embeddings. */
export interface VerificationResult extends RocResult {
  histogram: ScoreHistogram;
}

/** Positive scores are kept in memory. This many take 128 MiB, and their counts up to 1.5 GiB. */
const MAX_POSITIVE_PAIRS = 2 ** 25;

/**
 * Measures how well one threshold on the score separates pairs of one identity (positive) from pairs of two identities
 * (negative), over all unordered pairs of a set of embeddings.
 *
 * The score is the cosine in [-1, 1], rounded to 32 bits. DocClassifier and others report `(cosine + 1) / 2`, which changes
 * only the thresholds; convert them the same way. Counts are exact, equal to sorting all scores. Only positive scores are
 * stored: memory is O(N·D + positive pairs), time is O(N²·D).
 *
 * @param embeddings Row-major N×D; rows need not have unit length.
 * @param dimensions D.
 * @param labels The identity of each row, length N.
 * @throws RangeError if sizes disagree, a row has a NaN, an infinity or zero length (the message names the row), all rows
 *   have one identity, no two rows share one, an option is out of range, or there are more than 33 million positive pairs.
 * @see verifyAllPairs, for many rows on many cores.
 */
export function verifyEmbeddings(
  embeddings: Float32Array,
  dimensions: number,
  labels: Int32Array,
  options: VerificationOptions = {},
): VerificationResult {
  const rocOptions = checkRocOptions(options);
  const bins = checkBins(options.bins);
  checkLabels(labels, countRows(embeddings, dimensions));
  const order = orderByLabel(labels);
  const sorted = order.map((row) => labels[row]);
  const positiveCount = countPositivePairs(sorted, MAX_POSITIVE_PAIRS);
  const rows = normalizeRows(embeddings, dimensions, 'embeddings', order);

  const histogram = createHistogram(bins);
  const positives = new Float32Array(positiveCount);
  let held = 0;
  forEachPairOfKind(rows, sorted, true, (batch) => {
    positives.set(batch.scores.subarray(0, batch.length), held);
    held += batch.length;
    count(histogram.positive, batch);
  });
  const ladder = new ScoreLadder(positives);
  forEachPairOfKind(rows, sorted, false, (batch) => {
    for (let k = 0; k < batch.length; k++) ladder.addNegative(batch.scores[k]);
    count(histogram.negative, batch);
  });
  return { ...rocFromCounts(ladder.cumulate(), rocOptions), histogram };
}

function count(bins: Float64Array, batch: PairBatch): void {
  const n = bins.length;
  for (let k = 0; k < batch.length; k++) {
    bins[Math.min(n - 1, Math.floor(((batch.scores[k] + 1) / 2) * n))]++;
  }
}

/** Fills in the default. @throws RangeError if `bins` is not a positive integer. */
export function checkBins(bins = 200): number {
  if (!Number.isInteger(bins) || bins < 1) {
    throw new RangeError(`bins must be an integer of at least 1, got ${bins}.`);
  }
  return bins;
}

/** Creates an empty histogram. */
export function createHistogram(bins: number): ScoreHistogram {
  return {
    edges: Float64Array.from({ length: bins + 1 }, (_, b) => -1 + (2 * b) / bins),
    positive: new Float64Array(bins),
    negative: new Float64Array(bins),
  };
}

/** Counts the positive pairs. @throws RangeError if all labels are equal, none repeats, or there are more than `limit`. */
export function countPositivePairs(sorted: Int32Array, limit: number): number {
  let pairs = 0;
  let identities = 0;
  for (let start = 0; start < sorted.length; ) {
    let end = start + 1;
    while (end < sorted.length && sorted[end] === sorted[start]) end++;
    pairs += ((end - start) * (end - start - 1)) / 2;
    identities++;
    start = end;
  }
  if (identities < 2) {
    throw new RangeError(
      `Verification requires at least two identities for negative pairs, got ${identities}.`,
    );
  }
  if (pairs === 0) {
    throw new RangeError(
      'No identity has two embeddings, so no pair is positive. Pass at least two images of some identities.',
    );
  }
  if (pairs > limit) {
    throw new RangeError(
      `There are ${pairs} positive pairs; at most ${limit} are supported. ` +
        'Verify fewer images of each identity.',
    );
  }
  return pairs;
}
