import { Random } from '@unitsphere/core/random';
import { checkLabels, countRows, normalizeRows } from './normalize-rows.js';
import { orderByLabel } from './pairs.js';
import { checkRocOptions, DEFAULT_FPRS } from './roc.js';
import { countPositivePairs } from './verify-embeddings.js';
import { WeightedPairs } from './weighted-pairs.js';
import type { Interval } from './wilson.js';

/** How identities are resampled. */
export interface IdentityBootstrapOptions {
  /** As in `verifyEmbeddings`. Default 1e-1, 1e-2, 1e-3, 1e-4. */
  fprs?: readonly number[];
  /** Default 1000. */
  resamples?: number;
  /** Default 0.95. */
  confidence?: number;
  /** Default 0. */
  seed?: number;
}

/** Intervals that count people, not pairs. */
export interface IdentityBootstrap {
  auroc: Interval;
  /** One for each of `fprs`, in their order: of the TPR at the FPR, the threshold found anew in each resample. */
  tprAtFpr: { fpr: number; interval: Interval }[];
  identities: number;
  resamples: number;
}

/** Two bytes each. */
const MAX_NEGATIVE_PAIRS = 2 ** 27;

/**
 * Bootstrap intervals of AUROC and of TPR at FPR over identities: what they would be for other people of the same kind.
 * Pairs that share a person are not independent, so an interval over pairs (`tprInterval`) is too short; here identities
 * are drawn again with replacement, a positive pair counts as often as its identity was drawn, and a negative pair as the
 * product of its two. Scores are made once. The intervals are percentiles of the resamples. In simulation 95 % intervals hold
 * the true value 94 to 95 times in 100 with 200 identities, and 97 to 98 times with 40 to 100, for then what two people alone
 * have between them counts, and a resample varies more in it than people do (`npm run bench -- coverage`).
 *
 * Scores are kept as one of 16,384 equal parts of their range, 2 bytes a negative pair; the intervals are read from those.
 * At an FPR that few people's pairs decide, an interval shows only what is seen of the tail: mind `resolved`.
 *
 * @param embeddings Row-major N×D; rows need not have unit length.
 * @param dimensions D.
 * @param labels The identity of each row, N of them.
 * @throws RangeError as `verifyEmbeddings`, when an option is out of range, or when there are more than 134 million
 *   negative pairs (16,000 rows): take some of the identities.
 * @see Snijders & Borgatti, "Non-parametric standard errors and tests for network statistics", Connections 1999 (the
 *   vertex bootstrap); Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 2007; Fogliato, Patil & Perona,
 *   "Confidence intervals for error rates in 1:1 matching tasks", IJCV 2024.
 */
export function bootstrapVerification(
  embeddings: Float32Array,
  dimensions: number,
  labels: Int32Array,
  options: IdentityBootstrapOptions = {},
): IdentityBootstrap {
  const { resamples = 1000, confidence = 0.95, seed = 0 } = options;
  const { fprs } = checkRocOptions({ fprs: options.fprs ?? DEFAULT_FPRS });
  if (!Number.isInteger(resamples) || resamples < 100) {
    throw new RangeError(`resamples must be an integer of at least 100, got ${resamples}.`);
  }
  if (!(confidence > 0 && confidence < 1)) {
    throw new RangeError(`confidence must be between 0 and 1 (both excluded), got ${confidence}.`);
  }
  const count = countRows(embeddings, dimensions);
  checkLabels(labels, count);
  const order = orderByLabel(labels);
  const sorted = order.map((row) => labels[row]);
  const negatives = (count * (count - 1)) / 2 - countPositivePairs(sorted, MAX_NEGATIVE_PAIRS);
  if (negatives > MAX_NEGATIVE_PAIRS) {
    throw new RangeError(
      `There are ${negatives} negative pairs; at most ${MAX_NEGATIVE_PAIRS} are held for resampling. ` +
        'Give all images of some of the identities.',
    );
  }
  const pairs = new WeightedPairs(normalizeRows(embeddings, dimensions, 'embeddings', order), sorted, fprs);
  const auroc: number[] = [];
  const tprs = fprs.map((): number[] => []);
  const random = new Random(seed, 'identities');
  const weights = new Int32Array(pairs.identities);
  while (auroc.length < resamples) {
    weights.fill(0);
    for (let k = 0; k < weights.length; k++) weights[random.int(weights.length)]++;
    const result = pairs.weigh(weights);
    // One identity alone, or only such as have a single image: nothing to verify.
    if (!result) continue;
    auroc.push(result.auroc);
    for (const [k, tpr] of result.tpr.entries()) tprs[k].push(tpr);
  }
  const interval = (values: number[]): Interval => {
    values.sort((x, y) => x - y);
    const at = (p: number) => values[Math.min(resamples - 1, Math.floor(p * resamples))];
    return { low: at((1 - confidence) / 2), high: at((1 + confidence) / 2) };
  };
  return {
    auroc: interval(auroc),
    tprAtFpr: fprs.map((fpr, k) => ({ fpr, interval: interval(tprs[k]) })),
    identities: pairs.identities,
    resamples,
  };
}
