import { checkLabels, countRows, normalizeRows } from './normalize-rows.js';
import { forEachPairOfKind, orderByLabel, type PairBatch } from './pairs.js';
import { checkRocOptions, type RocOptions, type RocResult, rocOfCounts } from './roc.js';
import { ScoreLadder } from './score-ladder.js';

/** What to report of a set of labeled embeddings. */
export interface VerificationOptions extends RocOptions {
  /** Equal bins of the score histogram over [-1, 1]. Default 200. */
  bins?: number;
}

/** How many pairs of each kind have a score in each bin. */
export interface ScoreHistogram {
  /** `bins + 1` edges from -1 to 1; a bin holds its lower edge, and the last holds 1 too. */
  edges: Float64Array;
  positive: Float64Array;
  negative: Float64Array;
}

/** The verification result of a set of labeled embeddings. */
export interface VerificationResult extends RocResult {
  histogram: ScoreHistogram;
}

/** Positive pairs are held in memory; this many take 128 MiB, and their counts up to 1.5 GiB. */
const MAX_POSITIVE_PAIRS = 2 ** 25;

/**
 * Verification over all unordered pairs of a set of embeddings: how well does one threshold on the score tell pairs of
 * one identity (positive) from pairs of two (negative)?
 *
 * The score is the cosine in [-1, 1], rounded to 32 bits. DocClassifier and others report `(cosine + 1) / 2`; that
 * changes thresholds (convert them the same way) and nothing else. Counts are exact, equal to sorting all scores, but
 * only positive scores are held: memory is O(N·D + positive pairs), time O(N²·D).
 *
 * @param embeddings Row-major N×D; rows need not have unit length.
 * @param dimensions D.
 * @param labels The identity of each row, N of them.
 * @throws RangeError when sizes disagree, a row has a NaN, an infinity or zero length (the row is named), all rows have
 *   one identity, no two rows share one, an option is out of range, or there are more than 33 million positive pairs.
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

  const histogram = emptyHistogram(bins);
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
  return { ...rocOfCounts(ladder.cumulate(), rocOptions), histogram };
}

function count(bins: Float64Array, batch: PairBatch): void {
  const n = bins.length;
  for (let k = 0; k < batch.length; k++) {
    bins[Math.min(n - 1, Math.floor(((batch.scores[k] + 1) / 2) * n))]++;
  }
}

/** @throws RangeError when it is not a positive integer. */
export function checkBins(bins = 200): number {
  if (!Number.isInteger(bins) || bins < 1) {
    throw new RangeError(`bins must be an integer of at least 1, got ${bins}.`);
  }
  return bins;
}

/** A histogram of nothing yet. */
export function emptyHistogram(bins: number): ScoreHistogram {
  return {
    edges: Float64Array.from({ length: bins + 1 }, (_, b) => -1 + (2 * b) / bins),
    positive: new Float64Array(bins),
    negative: new Float64Array(bins),
  };
}

/** @throws RangeError when all labels are equal, none is repeated, or more than `most` pairs are positive. */
export function countPositivePairs(sorted: Int32Array, most: number): number {
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
      `Verification needs at least two identities to have pairs of different ones, got ${identities}.`,
    );
  }
  if (pairs === 0) {
    throw new RangeError(
      'No identity has two embeddings, so no pair is positive. Give at least two images of some identities.',
    );
  }
  if (pairs > most) {
    throw new RangeError(
      `There are ${pairs} positive pairs; at most ${most} are held in memory. ` +
        'Verify fewer images of each identity.',
    );
  }
  return pairs;
}
