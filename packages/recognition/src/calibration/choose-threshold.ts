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
  /** Whether too few strangers have a score near the threshold, so that its place follows from the tail of their scores. */
  readonly isFitted: boolean;
  /** Number of strangers that count as independent. */
  readonly effectiveStrangers: number;
}

const MISSED = 0.025;
/** Sums of shares such as 1/3 round. */
const ROUNDING = 1e-9;
/** With fewer independent strangers at or above it, a single score decides a threshold, and the tail of the scores is less random. */
const ENOUGH = 5;
/** The tail is fitted to this share of the strangers, or to `LEAST_TAIL` of them if that is more, but at most half. */
const TAIL = 0.1;
const LEAST_TAIL = 20;
/** Share of the tail that is trimmed. */
const TRIMMED = 0.1;
/** Scores are rounded to float32, so that closer distances are all equal. */
const LEAST_DISTANCE = 2 ** -24;

/**
 * Chooses the lowest threshold at which a gallery of `identities` accepts strangers at no more than a rate.
 *
 * The threshold is the k-th highest of m independent strangers' scores, for the largest k whose mean rate k / (m + 1) is within
 * the target (Wilks 1941). Strangers that depend on each other count less: with identities of the gallery in the strangers' place,
 * each high score of a pair is seen from both sides. k and m are therefore divided by the mean size of the groups that reach the
 * score together.
 *
 * If k is below 5, one pair of similar identities would decide the threshold. It then follows from the tail of the scores: the share
 * of strangers within distance 1 − s of an identity falls as a power of that distance, as it does for any smooth density
 * (Hill 1975; Levina & Bickel 2004). A fitted threshold at which the scores exclude the target is not used.
 *
 * The interval does not rely on the fit: it is that of Clopper and Pearson (1934) for the strangers at or above the threshold.
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
  const power = identities / scores.compared;
  const steps = [...rates.descend()];
  const [first] = steps;
  const beyond = steps.findIndex(
    ({ reached, dependence }) => reached / (strangers + dependence) > measuredTarget * (1 + ROUNDING),
  );
  const found: Step | undefined = steps[(beyond < 0 ? steps.length : beyond) - 1];
  const effectiveStrangers = strangers / (found ?? first).dependence;
  const choose = (threshold: number) => ({
    threshold,
    ...rateAt(steps, threshold, strangers, power),
    isFitted: false,
    effectiveStrangers,
  });
  if (found && found.reached >= ENOUGH * found.dependence) return choose(found.score);
  const fitted = choose(fitTail(steps, strangers, measuredTarget, first.dependence));
  const { low, high } = fitted.interval;
  if (low <= target && target <= high) return { ...fitted, rate: target, isFitted: true };
  // No cosine exceeds 1, so there is no threshold above a stranger's score of 1.
  return choose(found?.score ?? Math.min(1, nextFloat(first.score)));
}

/** Returns the rate at which a gallery of `identities` accepts strangers at any threshold. */
export function measureRate(scores: StrangerScores, threshold: number, identities: number): AcceptRate {
  const rates = new StrangerRates(scores);
  return rateAt([...rates.descend()], threshold, rates.strangers, identities / scores.compared);
}

type Step = StrangerRate & { readonly score: number };

/** Returns the rate of strangers at or above a threshold, for `power` times as many identities. @param steps By descending score. */
function rateAt(steps: readonly Step[], threshold: number, strangers: number, power: number): AcceptRate {
  const at = steps.findLast(({ score }) => score >= threshold);
  const { reached, dependence } = at ?? { ...steps[0], reached: 0 };
  const [k, m] = [reached / dependence, strangers / dependence];
  const others = Math.max(0, m - k);
  const low = k > 0 ? betaQuantile(MISSED, k, others + 1) : 0;
  const high = others > 0 ? betaQuantile(1 - MISSED, k + 1, others) : 1;
  return {
    rate: convertRate(reached / strangers, power),
    interval: { low: convertRate(low, power), high: convertRate(high, power) },
  };
}

/** Converts a rate of one number of identities to that of `power` times as many. */
function convertRate(rate: number, power: number): number {
  return -Math.expm1(power * Math.log1p(-Math.min(rate, 1)));
}

/** Returns the gap between the best two identities that 95 % of the strangers stay below. */
export function chooseMargin(scores: StrangerScores): number {
  return Math.fround(new StrangerRates(scores).gap(0.95));
}

/**
 * Returns the threshold that the tail of the distances 1 − s gives. Their negative logarithms have an exponential distribution there,
 * so that its mean is that of the spacings, each multiplied by the number of strangers above it (Rényi 1953). Those of the highest
 * tenth of the tail are trimmed, because a near duplicate would multiply the mean (Bhattacharya et al. 2019).
 *
 * The mean is only estimated, so the threshold is that of the predictive distribution, which is wider: the mean rate of strangers
 * above it is the target.
 */
function fitTail(steps: readonly Step[], strangers: number, target: number, dependence: number): number {
  const wanted = Math.max(TAIL * strangers, Math.min(strangers / 2, LEAST_TAIL));
  const end = steps.findIndex(({ reached }) => reached >= wanted - ROUNDING);
  const { score, reached } = steps[end];
  const height = (step: Step) => -Math.log(Math.max(1 - step.score, LEAST_DISTANCE));
  let trimmed = 0;
  let sum = 0;
  for (let n = 0; n < end; n++) {
    if (steps[n].reached <= TRIMMED * reached) trimmed = steps[n].reached;
    else sum += steps[n].reached * (height(steps[n]) - height(steps[n + 1]));
  }
  const mean = sum / (reached - trimmed);
  const count = Math.max(1, (reached - trimmed) / dependence);
  const excess = mean * count * Math.expm1(Math.log(Math.max(reached / strangers / target, 1)) / count);
  const threshold = Math.fround(1 - (1 - score) * Math.exp(-excess));
  // Fewer spacings show nothing about the tail.
  const lowest = reached < ENOUGH ? nextFloat(steps[0].score) : -1;
  return Math.min(1, Math.max(lowest, threshold));
}

/** Returns the next float32 above a number. */
function nextFloat(value: number): number {
  const float = new Float32Array([value]);
  const bits = new Int32Array(float.buffer);
  if (float[0] === 0) return 2 ** -149;
  bits[0] += float[0] > 0 ? 1 : -1;
  return float[0];
}
