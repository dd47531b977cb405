import { clusteredRate } from './clustered-rate.js';
import { checkLabels, normalizeRows } from './normalize-rows.js';
import { forEachProbe, numberIdentities } from './probe-scores.js';
import type { Interval } from './wilson.js';

/** At which operating points to report. */
export interface OpenSetOptions {
  /** Wanted false positive identification rates, each in (0, 1). Default 0.1, 0.01, 0.001. */
  fpirs?: readonly number[];
  /** Identities enrolled, each from 1 to those there are. Default: all of them. */
  gallerySizes?: readonly number[];
}

/** Open-set identification at one gallery size and one wanted FPIR. */
export interface OpenSetPoint {
  /** Identities enrolled. */
  gallerySize: number;
  /** The wanted false positive identification rate. */
  targetFpir: number;
  /**
   * The lowest threshold that keeps the rate within the target: a probe is taken for the best enrolled identity when that
   * one's cosine is at least this, and is unknown otherwise.
   */
  threshold: number;
  /**
   * Where the threshold for this target lies, by 95 %: the thresholds whose own FPIR interval holds it. `high` is the one
   * to use where the rate must not be exceeded; Infinity where the non-mated probes are too few to vouch for any.
   */
  thresholdInterval: Interval;
  /** Of probes that are not enrolled, how many find someone at `threshold`. */
  fpir: number;
  fpirInterval: Interval;
  /** Of probes that are enrolled, how many are not found: another comes before them, or they score below `threshold`. */
  fnir: number;
  fnirInterval: Interval;
  /** False when there are fewer than `1 / targetFpir` non-mated probes: the target then allows no false positive. */
  resolved: boolean;
}

/** Open-set identification of probes, some of whom are not enrolled. */
export interface OpenSetResult {
  /** For each gallery size, each FPIR, in the order given. */
  points: OpenSetPoint[];
  mated: number;
  nonMated: number;
  /** Distinct labels of the gallery. */
  identities: number;
}

/**
 * Open-set (1:N) identification: a probe is compared with every enrolled identity, whose score is its best row's cosine;
 * the best identity is returned when it reaches a threshold. Reported are the false positive identification rate (FPIR) of
 * probes who are not enrolled and the false negative rate (FNIR, rank 1) of those who are, against the gallery's size: the
 * highest of N impostor scores grows with N, so a threshold found on pairs is too low for a gallery.
 *
 * For a gallery smaller than the one given, the rates are the means over all galleries of that many identities, exactly:
 * none of the k identities that score above the threshold is among N of M with probability C(M−k, N) / C(M, N). Ties count
 * against the probe. Intervals take the probes' identities for independent, and the gallery as it is.
 *
 * Holds 4 bytes for each non-mated probe and identity.
 *
 * @param galleryEmbeddings Row-major G×D; several rows may share a label.
 * @param galleryLabels G identities.
 * @param probeEmbeddings Row-major P×D. @param probeLabels P identities; those not in the gallery are non-mated.
 * @throws RangeError when sizes disagree, there are no mated or no non-mated probes, an option is out of range, or a row has
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
    throw new RangeError('No probe is of an enrolled identity: there is no FNIR.');
  if (nonMatedLabels.length === 0) {
    throw new RangeError(
      'Every probe is of an enrolled identity: there is no FPIR. Keep some identities out of the gallery.',
    );
  }

  // Of each non-mated probe, all scores, ascending; of each mated one, its own and how many others reach it.
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
    const noneOfAll = noneEnrolled(identities, gallerySize);
    const noneOfOthers = noneEnrolled(identities - 1, gallerySize - 1);
    const falsePositives = new Float64Array(nonMatedLabels.length);
    const rateAt = (threshold: number) => {
      for (let q = 0; q < falsePositives.length; q++) {
        falsePositives[q] = 1 - noneOfAll[countFrom(impostors, q * identities, identities, threshold)];
      }
      return clusteredRate(falsePositives, nonMatedLabels);
    };
    return fpirs.map((targetFpir): OpenSetPoint => {
      const threshold = lowestFloat((t) => rateAt(t).rate <= targetFpir);
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
          low: lowestFloat((t) => rateAt(t).interval.low <= targetFpir),
          high: lowestFloat((t) => rateAt(t).interval.high <= targetFpir),
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
 * The false positive rate of one pair that a threshold may have so that a gallery of `gallerySize` identities, one
 * comparison each, has the wanted false positive identification rate: 1 − (1 − FPIR)^(1/N). For galleries larger than any
 * at hand; give it to `verifyAllPairs` or `rocFromScores` among `fprs`, and take the threshold found. It takes a probe's
 * comparisons for independent. They are not (who looks like one looks like others), which makes the rate of a real gallery
 * smaller: the threshold is on the safe side. Measure with `openSetIdentification` where the gallery allows.
 *
 * @throws RangeError when `fpir` is not in (0, 1) or `gallerySize` is not a positive integer.
 */
export function pairFprForGallery(fpir: number, gallerySize: number): number {
  if (!(fpir > 0 && fpir < 1))
    throw new RangeError(`fpir must be between 0 and 1 (both excluded), got ${fpir}.`);
  if (!Number.isInteger(gallerySize) || gallerySize < 1) {
    throw new RangeError(`gallerySize must be an integer of at least 1, got ${gallerySize}.`);
  }
  return -Math.expm1(Math.log1p(-fpir) / gallerySize);
}

/** [k]: the chance that none of k among m is drawn when n are drawn without putting back. */
function noneEnrolled(m: number, n: number): Float64Array {
  const none = new Float64Array(m + 1).fill(1);
  for (let k = 0; k < m; k++) none[k + 1] = none[k] * (Math.max(0, m - n - k) / (m - k));
  return none;
}

/** How many of `length` ascending values from `start` are at least the threshold. */
function countFrom(values: Float32Array, start: number, length: number, threshold: number): number {
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

/** The lowest float32 in [−1, 1] that does what all higher ones do; Infinity when even the one above 1 does not. */
function lowestFloat(does: (value: number) => boolean): number {
  // Floats in their order as integers: negative ones have descending bits.
  const floatAt = (order: number): number => {
    bits[0] = order >= 0 ? order : ~order | (1 << 31);
    return float[0] + 0;
  };
  let first = -0x3f800001;
  let last = 0x3f800002;
  while (first < last) {
    const middle = Math.floor((first + last) / 2);
    if (does(floatAt(middle))) last = middle;
    else first = middle + 1;
  }
  return first === 0x3f800002 ? Number.POSITIVE_INFINITY : floatAt(first);
}
