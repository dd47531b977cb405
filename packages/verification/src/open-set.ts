import { clusteredRate } from './clustered-rate.js';
import { checkLabels, normalizeRows } from './normalize-rows.js';
import { forEachProbe, numberIdentities } from './probe-scores.js';
import type { Interval } from './wilson.js';

/** Operating points of `openSetIdentification`. */
export interface OpenSetOptions {
  /** Target false positive identification rates, each in (0, 1). Default 0.1, 0.01, 0.001. */
  fpirs?: readonly number[];
  /** Numbers of enrolled identities, each from 1 to the number in the gallery. Default: the whole gallery. */
  gallerySizes?: readonly number[];
}

/** Open-set identification at one gallery size and one target FPIR. */
export interface OpenSetPoint {
  /** Number of enrolled identities. */
  gallerySize: number;
  /** Target false positive identification rate. */
  targetFpir: number;
  /**
   * The lowest threshold that keeps the FPIR within the target. A probe is identified as the best enrolled identity if
   * their cosine is at least this, and is unknown otherwise.
   */
  threshold: number;
  /**
   * 95 % confidence interval of the threshold for this target: the thresholds whose FPIR interval contains the target. Use
   * `high` if the rate must not be exceeded. It is null if there are too few non-mated probes to support any threshold.
   */
  thresholdInterval: { low: number; high: number | null };
  /** Share of the probes without an enrolled identity that match someone at `threshold`. */
  fpir: number;
  fpirInterval: Interval;
  /** Share of the enrolled probes that are missed: another identity scores as high, or their own is below `threshold`. */
  fnir: number;
  fnirInterval: Interval;
  /** False if there are fewer than `1 / targetFpir` non-mated probes, so that the target allows no false positive. */
  resolved: boolean;
}

/** Open-set identification of probes, some of whom are not enrolled. */
export interface OpenSetResult {
  /** One point per gallery size and FPIR, in the order of the options, FPIRs varying fastest. */
  points: OpenSetPoint[];
  /** Number of probes with an enrolled identity. */
  mated: number;
  /** Number of probes without an enrolled identity. */
  nonMated: number;
  /** Distinct labels of the gallery. */
  identities: number;
}

/**
 * Measures open-set (1:N) identification. A probe is compared with every enrolled identity, whose score is the cosine of
 * its best row. The best identity is returned if it reaches a threshold. The result has the false positive identification
 * rate (FPIR) of probes that are not enrolled and the rank-1 false negative rate (FNIR) of those that are, by gallery size.
 * The highest of N impostor scores grows with N, so a threshold found on pairs is too low for a gallery.
 *
 * At a size below that of the whole gallery, the rates are exact means over all galleries of that many identities: if k of
 * M identities reach the threshold, none of them is among N with probability C(M−k, N) / C(M, N). Ties count against the
 * probe. Intervals assume that the probes' identities are independent, and condition on the gallery.
 *
 * Memory is 4 bytes per non-mated probe and identity.
 *
 * @param galleryEmbeddings Row-major G×D; several rows may share a label.
 * @param galleryLabels The identity of each gallery row, length G.
 * @param probeEmbeddings Row-major P×D.
 * @param probeLabels The identity of each probe, length P. Probes whose identity is not in the gallery are non-mated.
 * @param dimensions D.
 * @throws RangeError if sizes disagree, there are no mated or no non-mated probes, an option is out of range, or a row has
 *   a NaN, an infinity or zero length.
 * @see ISO/IEC 19795-1:2021; Grother et al., "Face Recognition Vendor Test Part 2: Identification", NISTIR 8271; Woodruff,
 *   "Confidence intervals for medians and other position measures", JASA 1952, for the threshold's interval.
 */
export function openSetIdentification(
  galleryEmbeddings: Float32Array,
  galleryLabels: Int32Array,
  probeEmbeddings: Float32Array,
  probeLabels: Int32Array,
  dimensions: number,
  options: OpenSetOptions = {},
): OpenSetResult {
  const gallery = normalizeRows(galleryEmbeddings, dimensions, 'galleryEmbeddings');
  const probes = normalizeRows(probeEmbeddings, dimensions, 'probeEmbeddings');
  checkLabels(galleryLabels, gallery.count, 'galleryLabels');
  checkLabels(probeLabels, probes.count, 'probeLabels');
  const { identityOf, identityOfRow } = numberIdentities(galleryLabels);
  const identities = identityOf.size;
  const { fpirs = [0.1, 0.01, 0.001], gallerySizes = [identities] } = options;
  for (const fpir of fpirs) {
    if (!(fpir > 0 && fpir < 1))
      throw new RangeError(`fpirs: ${fpir} is not between 0 and 1 (both excluded).`);
  }
  for (const size of gallerySizes) {
    if (!Number.isInteger(size) || size < 1 || size > identities) {
      throw new RangeError(
        `gallerySizes: ${size} is not an integer in 1…${identities} (the enrolled identities).`,
      );
    }
  }
  const isMated = (label: number) => identityOf.has(label);
  const matedLabels = probeLabels.filter(isMated);
  const nonMatedLabels = probeLabels.filter((label) => !isMated(label));
  if (matedLabels.length === 0)
    throw new RangeError('No probe has an enrolled identity, so the FNIR is undefined. Enroll some of them.');
  if (nonMatedLabels.length === 0) {
    throw new RangeError(
      'Every probe has an enrolled identity, so the FPIR is undefined. Keep some identities out of the gallery.',
    );
  }

  // Non-mated probes: all scores, ascending. Mated probes: their own score, and how many other identities reach it.
  const impostors = new Float32Array(nonMatedLabels.length * identities);
  const own = new Float32Array(matedLabels.length);
  const better = new Int32Array(matedLabels.length);
  let m = 0;
  let n = 0;
  forEachProbe(gallery, identityOfRow, identities, probes, (probe, scores) => {
    const identity = identityOf.get(probeLabels[probe]);
    if (identity === undefined) {
      const row = impostors.subarray(n * identities, ++n * identities);
      row.set(scores);
      row.sort();
    } else {
      own[m] = scores[identity];
      better[m++] = scores.reduce(
        (sum, score, c) => sum + (c !== identity && score >= scores[identity] ? 1 : 0),
        0,
      );
    }
  });

  const points = gallerySizes.flatMap((gallerySize) => {
    const noneOfAll = computeMissProbabilities(identities, gallerySize);
    const noneOfOthers = computeMissProbabilities(identities - 1, gallerySize - 1);
    const falsePositives = new Float64Array(nonMatedLabels.length);
    const rateAt = (threshold: number) => {
      for (let q = 0; q < falsePositives.length; q++) {
        falsePositives[q] = 1 - noneOfAll[countAtLeast(impostors, q * identities, identities, threshold)];
      }
      return clusteredRate(falsePositives, nonMatedLabels);
    };
    return fpirs.map((targetFpir): OpenSetPoint => {
      // Just above 1 no probe is accepted, so a threshold for the rate and for the interval's lower end always exists.
      const threshold = findLowestFloat((t) => rateAt(t).rate <= targetFpir) ?? ABOVE_ONE;
      const fpir = rateAt(threshold);
      const missed = Float64Array.from(own, (score, k) =>
        score >= threshold ? 1 - noneOfOthers[better[k]] : 1,
      );
      const fnir = clusteredRate(missed, matedLabels);
      return {
        gallerySize,
        targetFpir,
        threshold,
        thresholdInterval: {
          low: findLowestFloat((t) => rateAt(t).interval.low <= targetFpir) ?? ABOVE_ONE,
          high: findLowestFloat((t) => rateAt(t).interval.high <= targetFpir),
        },
        fpir: fpir.rate,
        fpirInterval: fpir.interval,
        fnir: fnir.rate,
        fnirInterval: fnir.interval,
        resolved: nonMatedLabels.length * targetFpir >= 1,
      };
    });
  });
  return { points, mated: matedLabels.length, nonMated: nonMatedLabels.length, identities };
}

/**
 * Returns the false positive rate per pair that gives a gallery of N = `gallerySize` identities, with one comparison each,
 * the false positive identification rate `fpir`: 1 − (1 − FPIR)^(1/N). Use it for galleries larger than the available
 * data: pass it in `fprs` to `verifyAllPairs` or `rocFromScores` and use the reported threshold.
 *
 * The formula assumes that a probe's comparisons are independent. In practice they correlate, because a probe that
 * resembles one identity resembles others. The FPIR of a real gallery is therefore lower, and the threshold is
 * conservative. If the gallery is small enough, measure with `openSetIdentification` instead.
 *
 * @throws RangeError if `fpir` is not in (0, 1) or `gallerySize` is not a positive integer.
 */
export function pairFprForGallery(fpir: number, gallerySize: number): number {
  if (!(fpir > 0 && fpir < 1))
    throw new RangeError(`fpir must be between 0 and 1 (both excluded), got ${fpir}.`);
  if (!Number.isInteger(gallerySize) || gallerySize < 1) {
    throw new RangeError(`gallerySize must be an integer of at least 1, got ${gallerySize}.`);
  }
  return -Math.expm1(Math.log1p(-fpir) / gallerySize);
}

/** Returns for k = 0…m the probability that n draws without replacement from m items miss all of k given ones. */
function computeMissProbabilities(m: number, n: number): Float64Array {
  const none = new Float64Array(m + 1).fill(1);
  for (let k = 0; k < m; k++) none[k + 1] = none[k] * (Math.max(0, m - n - k) / (m - k));
  return none;
}

/** Counts how many of the `length` ascending values from index `start` are at least `threshold`. */
function countAtLeast(values: Float32Array, start: number, length: number, threshold: number): number {
  let first = start;
  let last = start + length;
  while (first < last) {
    const middle = (first + last) >> 1;
    if (values[middle] < threshold) first = middle + 1;
    else last = middle;
  }
  return start + length - first;
}

const bits = new Int32Array(1);
const float = new Float32Array(bits.buffer);

/** The lowest float32 above 1. */
const ABOVE_ONE = 1 + 2 ** -23;

/** Finds the lowest float32 from −1 to just above 1 that satisfies a monotonic predicate; null if none does. */
function findLowestFloat(accepts: (value: number) => boolean): number | null {
  // Maps integers to floats in ascending order; the bits of negative floats descend.
  const floatAt = (order: number): number => {
    bits[0] = order >= 0 ? order : ~order | (1 << 31);
    return float[0] + 0;
  };
  let first = -0x3f800001;
  let last = 0x3f800002;
  while (first < last) {
    const middle = Math.floor((first + last) / 2);
    if (accepts(floatAt(middle))) last = middle;
    else first = middle + 1;
  }
  return first === 0x3f800002 ? null : floatAt(first);
}
