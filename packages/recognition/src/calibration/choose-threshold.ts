import { betaQuantile, type Interval } from '@unitsphere/verification/statistics';
import { type StrangerRate, StrangerRates, type StrangerScores } from './stranger-scores.js';

/** How many strangers a gallery accepts at a threshold. */
export interface AcceptRate {
  /** Estimated rate of strangers that the gallery accepts. */
  readonly rate: number;
  /** 95 % confidence interval of that rate, without an assumption about the distribution of scores. */
  readonly interval: Interval;
}

/** A threshold for a gallery's size, and what is known about it. */
export interface Threshold extends AcceptRate {
  /** Lowest score of an accepted match. */
  readonly threshold: number;
  /** Whether no stranger's score lies above the threshold, so that its place follows from the tail of the scores. */
  readonly isExtrapolated: boolean;
  /** Number of strangers that count as independent. */
  readonly effectiveStrangers: number;
}

const MISSED = 0.025;
/** Sums of shares such as 1/3 round. */
const ROUNDING = 1e-9;
/** The tail is fitted to this share of the strangers, or to `LEAST_TAIL` of them if that is more. */
const TAIL = 0.1;
const LEAST_TAIL = 10;

/**
 * Chooses the lowest threshold at which a gallery of `identities` accepts strangers at no more than a rate.
 *
 * Let t be the k-th highest of m independent strangers' scores. Then the rate of strangers at or above t is distributed as
 * Beta(k, m + 1 − k), whatever the distribution of the scores (Wilks 1941). The threshold is the lowest score whose mean
 * rate, k / (m + 1), is within the target, and its interval has the quantiles of that distribution. Strangers that depend on
 * each other count less: with identities of the gallery in the strangers' place, each high score of a pair is seen from both
 * sides. k and m are therefore divided by the mean size of the groups that reach the score together.
 *
 * If not even the highest score is within the target, the threshold lies above it. Its place follows from the tail of the
 * scores: the share of strangers within distance 1 − s of an identity falls as a power of that distance, as it does for any
 * smooth density (Hill 1975; Levina & Bickel 2004). The interval does not rely on this: it is that of all thresholds above
 * the highest of m scores, from 0 to 1 − 0.025^(1/m).
 *
 * Scores measured with another number of identities are converted by 1 − (1 − rate)^(N / compared), as if the identities
 * accepted strangers independently.
 *
 * @param target Rate, in (0, 1).
 */
export function chooseThreshold(scores: StrangerScores, target: number, identities: number): Threshold {
  const rates = new StrangerRates(scores);
  const { strangers } = rates;
  const measuredTarget = convertRate(target, scores.compared / identities);
  let found: (StrangerRate & { score: number }) | undefined;
  let first: StrangerRate | undefined;
  for (const at of rates.descend()) {
    first ??= at;
    if (at.reached / (strangers + at.dependence) > measuredTarget * (1 + ROUNDING)) break;
    found = at;
  }
  const dependence = (found ?? first)?.dependence ?? 1;
  const effectiveStrangers = strangers / dependence;
  // No cosine exceeds 1, so there is no threshold above a stranger's score of 1.
  if (!found && rates.highest >= 1 && first) found = { ...first, score: 1 };
  const power = identities / scores.compared;
  if (found) {
    return {
      threshold: found.score,
      ...rateOf(found, strangers, power),
      isExtrapolated: false,
      effectiveStrangers,
    };
  }
  return {
    threshold: extrapolate(rates, measuredTarget, dependence),
    rate: target,
    interval: intervalAbove(effectiveStrangers, power),
    isExtrapolated: true,
    effectiveStrangers,
  };
}

/** Returns the rate at which a gallery of `identities` accepts strangers at any threshold. */
export function measureRate(scores: StrangerScores, threshold: number, identities: number): AcceptRate {
  const rates = new StrangerRates(scores);
  const power = identities / scores.compared;
  let found: StrangerRate | undefined;
  let first: StrangerRate | undefined;
  for (const at of rates.descend()) {
    first ??= at;
    if (at.score < threshold) break;
    found = at;
  }
  if (found) return rateOf(found, rates.strangers, power);
  return { rate: 0, interval: intervalAbove(rates.strangers / (first?.dependence ?? 1), power) };
}

/** Converts a rate of one number of identities to that of `power` times as many. */
function convertRate(rate: number, power: number): number {
  return -Math.expm1(power * Math.log1p(-Math.min(rate, 1)));
}

/** Returns the rate at a score that strangers have. */
function rateOf({ reached, dependence }: StrangerRate, strangers: number, power: number): AcceptRate {
  const k = reached / dependence;
  const quantile = (p: number) =>
    convertRate(betaQuantile(p, k, Math.max(strangers / dependence - k, 0) + 1), power);
  return {
    rate: convertRate(reached / strangers, power),
    interval: { low: quantile(MISSED), high: quantile(1 - MISSED) },
  };
}

/** Returns the interval of the rate above all scores. */
function intervalAbove(effectiveStrangers: number, power: number): Interval {
  return { low: 0, high: convertRate(-Math.expm1(Math.log(MISSED) / effectiveStrangers), power) };
}

/** Returns the gap between the best two identities that 95 % of the strangers stay below. */
export function chooseMargin(scores: StrangerScores): number {
  return Math.fround(new StrangerRates(scores).gap(0.95));
}

/**
 * Returns a threshold above the highest score, from the tail of the distances 1 − s. Their logarithms have an exponential
 * distribution there. Its mean is only estimated, so the threshold is that of the predictive distribution, which is wider: the
 * mean rate of strangers above it is the target.
 */
function extrapolate(rates: StrangerRates, target: number, dependence: number): number {
  const wanted = Math.max(TAIL, Math.min(0.5, LEAST_TAIL / rates.strangers));
  const { score, share, meanExcess } = rates.tail(wanted, (s) => -Math.log(1 - s));
  const count = Math.max(1, (share * rates.strangers) / dependence);
  const excess = meanExcess * count * Math.expm1(Math.log(Math.max(share / target, 1)) / count);
  const distance = (1 - score) * Math.exp(-excess);
  return Math.min(1, Math.max(nextFloat(rates.highest), Math.fround(1 - distance)));
}

/** Returns the next float32 above a number. */
function nextFloat(value: number): number {
  const float = new Float32Array([value]);
  const bits = new Int32Array(float.buffer);
  if (float[0] === 0) return 2 ** -149;
  bits[0] += float[0] > 0 ? 1 : -1;
  return float[0];
}
