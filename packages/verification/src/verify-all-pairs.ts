import { type CountOptions, countOnThreads } from './all-pairs/count-on-threads.js';
import { countingState } from './all-pairs/counting-state.js';
import {
  type CountingMemory,
  cosineOf,
  countingMemory,
  forEachScoreDescending,
  LAST_SCORE,
} from './all-pairs/memory.js';
import { checkLabels, countRows, unitRowsInto } from './normalize-rows.js';
import { orderByLabel } from './pairs.js';
import { checkRocOptions, rocOfCounts } from './roc.js';
import type { LadderCounts } from './score-ladder.js';
import {
  checkBins,
  countPositivePairs,
  emptyHistogram,
  type ScoreHistogram,
  type VerificationOptions,
  type VerificationResult,
} from './verify-embeddings.js';

/** What to report of all pairs, and how they are counted. */
export interface AllPairsOptions extends VerificationOptions, CountOptions {
  /** Default: one for each core that the process may use. Fewer where memory is too small for so many. */
  threads?: number;
  /** What `onCheckpoint` was told last, in a count of the same embeddings and labels that did not come to its end. */
  resumeFrom?: Uint8Array;
}

/** A positive count has 32 bits. */
const MAX_POSITIVE_PAIRS = 2 ** 32 - 1;

/**
 * `verifyEmbeddings` for many rows: all unordered pairs, on all cores, in memory that does not grow with the pairs
 * (4·N·D bytes, and tables of at most 256 MiB and 80 MiB a thread). Time is N²·D on SIMD kernels: the
 * 5·10^11 pairs of 1,000,000 rows of 256 dimensions take an hour or two of two cores.
 *
 * Nothing is sampled or binned: the score is the cosine of the rows as float32, summed in float32 and rounded to a
 * multiple of 2⁻²⁴ (float32's own spacing below 1, so that a score is a float32 and 2²⁵ + 1 cells hold them all), and
 * how many pairs have each score is counted exactly. It is within about 3·10⁻⁷ of `verifyEmbeddings`'s.
 *
 * Needs worker threads, as Node has them.
 *
 * @param embeddings Row-major N×D; rows need not have unit length.
 * @param dimensions D.
 * @param labels The identity of each row, N of them.
 * @throws RangeError as `verifyEmbeddings`, when `threads` is not a positive integer or `checkpointEvery` not positive, when
 *   N·D is too much for the 4 GiB of WebAssembly's memory, or when there are 2³² positive pairs or more. Error where there
 *   are no worker threads, or `resumeFrom` is cut off, damaged or of other embeddings. The signal's reason when it is
 *   aborted, and what `onCheckpoint` throws.
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
  if (!node) throw new Error("verifyAllPairs needs Node's worker threads. Use verifyEmbeddings elsewhere.");
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
  unitRowsInto(new Float32Array(buffer, counting.x, rows * dimensions), embeddings, dimensions, order);
  new Int32Array(buffer, counting.labels, rows).set(sorted);
  const { onCheckpoint, resumeFrom } = options;
  const state = onCheckpoint || resumeFrom ? countingState(counting) : undefined;
  await countOnThreads(
    counting,
    options,
    resumeFrom && state!.read(resumeFrom),
    onCheckpoint && ((counted) => onCheckpoint(state!.write(counted))),
  );
  const { counts, histogram } = readCounts(counting, bins);
  return { ...rocOfCounts(counts, rocOptions), histogram };
}

/** What the tables hold, in the form that a ROC curve is read from. */
function readCounts(
  counting: CountingMemory,
  bins: number,
): { counts: LadderCounts; histogram: ScoreHistogram } {
  const histogram = emptyHistogram(bins);
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
