import { type CountOptions, countOnThreads } from './all-pairs/count-on-threads.js';
import { countingState } from './all-pairs/counting-state.js';
import {
  type CountingMemory,
  cosineOf,
  countingMemory,
  forEachScoreDescending,
  LAST_SCORE,
} from './all-pairs/memory.js';
import { checkLabels, countRows, writeUnitRows } from './normalize-rows.js';
import { orderByLabel } from './pairs.js';
import { checkRocOptions, rocFromCounts } from './roc.js';
import type { LadderCounts } from './score-ladder.js';
import {
  checkBins,
  countPositivePairs,
  createHistogram,
  type ScoreHistogram,
  type VerificationOptions,
  type VerificationResult,
} from './verify-embeddings.js';

/** Options of `verifyAllPairs`. */
export interface AllPairsOptions extends VerificationOptions, CountOptions {
  /** Number of threads. Default: one per available core. Fewer are used if memory does not suffice. */
  threads?: number;
  /** The last state passed to `onCheckpoint` in an interrupted call with the same embeddings and labels. */
  resumeFrom?: Uint8Array | undefined;
}

/** Positive pairs are counted in 32 bits. */
const MAX_POSITIVE_PAIRS = 2 ** 32 - 1;

/**
 * Does what `verifyEmbeddings` does for many rows: it compares all unordered pairs on all cores, in memory that does not
 * grow with the pairs (4·N·D bytes, and tables of at most 256 MiB and 80 MiB per thread). Time is O(N²·D) on SIMD kernels:
 * the 5·10^11 pairs of 1,000,000 rows of 256 dimensions take one to two hours on two cores.
 *
 * Nothing is sampled. The score is the cosine of the rows, summed in float32 and rounded to a multiple of 2⁻²⁴, float32's
 * spacing just below 1. Every score is thus a float32, and a table of 2²⁵ + 1 cells counts the pairs of each score exactly.
 * Scores are within about 3·10⁻⁷ of those of `verifyEmbeddings`.
 *
 * Requires Node's worker threads.
 *
 * @param embeddings Row-major N×D; rows need not have unit length.
 * @param dimensions D.
 * @param labels The identity of each row, length N.
 * @throws RangeError as `verifyEmbeddings`, if `threads` is not a positive integer, `checkpointEvery` is not positive, N·D
 *   exceeds the 4 GiB of a WebAssembly memory, or there are 2³² or more positive pairs.
 * @throws Error if there are no worker threads, or `resumeFrom` is truncated, damaged or from other embeddings.
 * @throws The signal's reason if it is aborted, and any error that `onCheckpoint` throws.
 */
export async function verifyAllPairs(
  embeddings: Float32Array,
  dimensions: number,
  labels: Int32Array,
  options: AllPairsOptions = {},
): Promise<VerificationResult> {
  const rocOptions = checkRocOptions(options);
  const bins = checkBins(options.bins);
  const node = typeof process === 'undefined' ? undefined : process.getBuiltinModule?.('node:os');
  if (!node)
    throw new Error("verifyAllPairs requires Node's worker threads. Use verifyEmbeddings elsewhere.");
  const { threads = node.availableParallelism(), checkpointEvery = 300 } = options;
  if (!Number.isInteger(threads) || threads < 1) {
    throw new RangeError(`threads must be an integer of at least 1, got ${threads}.`);
  }
  if (!(checkpointEvery > 0)) {
    throw new RangeError(`checkpointEvery must be a positive number of seconds, got ${checkpointEvery}.`);
  }
  const rows = countRows(embeddings, dimensions);
  checkLabels(labels, rows);
  const order = orderByLabel(labels);
  const sorted = order.map((row) => labels[row]);
  countPositivePairs(sorted, MAX_POSITIVE_PAIRS);
  const counting = countingMemory(rows, dimensions, threads);
  const { buffer } = counting.memory;
  writeUnitRows(new Float32Array(buffer, counting.x, rows * dimensions), embeddings, dimensions, order);
  new Int32Array(buffer, counting.labels, rows).set(sorted);
  const { onCheckpoint, resumeFrom } = options;
  const state = onCheckpoint || resumeFrom ? countingState(counting) : undefined;
  await countOnThreads(
    counting,
    options,
    resumeFrom && state?.read(resumeFrom),
    onCheckpoint && state && ((counted) => onCheckpoint(state.write(counted))),
  );
  const { counts, histogram } = readCounts(counting, bins);
  return { ...rocFromCounts(counts, rocOptions), histogram };
}

/** Reads the counts of the tables. */
function readCounts(
  counting: CountingMemory,
  bins: number,
): { counts: LadderCounts; histogram: ScoreHistogram } {
  const histogram = createHistogram(bins);
  let distinct = 0;
  let positives = 0;
  let negatives = 0;
  forEachScoreDescending(counting, (score, positive, negative) => {
    const bin = Math.min(bins - 1, Math.floor((score / LAST_SCORE) * bins));
    histogram.positive[bin] += positive;
    histogram.negative[bin] += negative;
    positives += positive;
    negatives += negative;
    if (positive > 0) distinct++;
  });
  const thresholds = new Float32Array(distinct);
  const truePositives = new Float64Array(distinct);
  const falseAccepts = new Float64Array(distinct);
  const falseAcceptsAbove = new Float64Array(distinct);
  let r = distinct;
  let [accepted, falselyAccepted, aboveAndTies] = [0, 0, 0];
  forEachScoreDescending(counting, (score, positive, negative) => {
    if (positive > 0) {
      r--;
      thresholds[r] = cosineOf(score);
      falseAcceptsAbove[r] = falselyAccepted;
      falseAccepts[r] = falselyAccepted + negative;
      truePositives[r] = accepted + positive;
      aboveAndTies += positive * (falselyAccepted + negative / 2);
    }
    accepted += positive;
    falselyAccepted += negative;
  });
  const auroc = 1 - aboveAndTies / positives / negatives;
  const counts = { thresholds, truePositives, falseAccepts, falseAcceptsAbove, positives, negatives, auroc };
  return { counts, histogram };
}
