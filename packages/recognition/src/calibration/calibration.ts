import type { Interval } from '@unitsphere/verification/statistics';
import type { StoredCalibration } from '../store/gallery-store.js';
import { chooseMargin, chooseThreshold } from './choose-threshold.js';
import type { StrangerScores } from './stranger-scores.js';

/** A gallery's threshold for its present size, and how far it can be trusted. */
export interface Calibration {
  /** Wanted rate of strangers that the whole gallery accepts. */
  readonly falseAcceptRate: number;
  /** A match is accepted from this score on. */
  readonly threshold: number;
  /**
   * Two accepted identities whose scores differ by less are ambiguous: 95 % of strangers have a smaller gap between their best
   * two identities.
   */
  readonly margin: number;
  /** Estimated rate of strangers that the gallery accepts at the threshold. */
  readonly rate: number;
  /** 95 % confidence interval of that rate. It holds for strangers like those it was measured on. */
  readonly interval: Interval;
  /** Whether the threshold lies above every measured score. The interval then begins at 0. */
  readonly isExtrapolated: boolean;
  /** Where the scores are from: the gallery's own identities, each compared with all others, or given strangers. */
  readonly source: 'gallery' | 'strangers';
  /** Number of strangers, or of identities in their place. */
  readonly strangers: number;
  /** Number of identities that the threshold is for. */
  readonly identities: number;
  /** Whether the scores are from another set of identities than the present one, and only converted to its size. */
  readonly isStale: boolean;
  /**
   * The two identities that resemble each other most, and their score; undefined with given strangers. If they are the same,
   * enrolled twice, they raise the threshold for nothing: merge them.
   */
  readonly closest: { readonly names: readonly [string, string]; readonly score: number } | undefined;
  /** What limits the calibration, in sentences. Empty if nothing does. */
  readonly warnings: readonly string[];
}

/** What a calibration is computed from. */
export interface CalibrationData {
  readonly falseAcceptRate: number;
  readonly source: Calibration['source'];
  readonly scores: StrangerScores;
  /** The strangers' embeddings, [images, embedding size], to measure them again when the gallery has changed. */
  readonly cohort?: Float32Array;
  /** Names of the two identities of the gallery that resemble each other most, and their score. */
  readonly closest?: { readonly names: readonly [string, string]; readonly score: number };
}

/** Largest score of two identities that are likely the same one, enrolled twice. */
const SAME = 0.999;

/** Computes the calibration of a gallery from scores of strangers, for its present number of identities. */
export function computeCalibration(data: CalibrationData, identities: number, isStale: boolean): Calibration {
  const { falseAcceptRate, source, scores, closest } = data;
  const { threshold, rate, interval, isExtrapolated, effectiveStrangers } = chooseThreshold(
    scores,
    falseAcceptRate,
    identities,
  );
  const strangers = new Set(scores.stranger).size;
  const warnings: string[] = [];
  const percent = (value: number) => `${Number((100 * value).toPrecision(2))} %`;
  const who = source === 'gallery' ? `${strangers} identities` : `${strangers} strangers`;
  if (effectiveStrangers * falseAcceptRate < 3) {
    warnings.push(
      `${who} are too few to measure a rate of ${percent(falseAcceptRate)}: at this threshold, up to ${percent(interval.high)} of strangers may be accepted. ` +
        `Calibrate with images of at least ${Math.ceil(3 / falseAcceptRate)} strangers.`,
    );
  }
  if (interval.low > falseAcceptRate) {
    warnings.push(
      `No threshold reaches a rate of ${percent(falseAcceptRate)}, because strangers have the highest possible scores.`,
    );
  }
  if (closest && closest.score >= SAME) {
    const [a, b] = closest.names.map((name) => JSON.stringify(name));
    warnings.push(
      `${a} and ${b} have a score of ${closest.score.toFixed(4)} with each other. If they are the same, merge them.`,
    );
  }
  return {
    falseAcceptRate,
    threshold,
    margin: chooseMargin(scores),
    rate,
    interval,
    isExtrapolated,
    source,
    strangers,
    identities,
    isStale,
    closest,
    warnings,
  };
}

/** Returns the threshold at which one identity accepts strangers at the rate of a calibration. */
export function pairThreshold({ scores, falseAcceptRate }: CalibrationData): number {
  return chooseThreshold(scores, falseAcceptRate, 1).threshold;
}

/** Encodes what a calibration is computed from, for a store. */
export function encodeCalibration(data: CalibrationData, embeddingSize: number): StoredCalibration {
  const { scores, cohort, falseAcceptRate, source, closest } = data;
  const images = scores.best.length;
  const column = (values: Float32Array | Int32Array) => ({
    shape: [images],
    data: Float32Array.from(values),
  });
  return {
    state: {
      falseAcceptRate,
      source,
      compared: scores.compared,
      ...(closest && { closest: { names: [...closest.names], score: closest.score } }),
    },
    tensors: {
      stranger: column(scores.stranger),
      best: column(scores.best),
      // JSON and PostgreSQL have no NaN: -2 is no cosine.
      runnerUp: column(scores.runnerUp.map((score) => (Number.isNaN(score) ? -2 : score))),
      ...(scores.nearest && { nearest: column(scores.nearest) }),
      ...(cohort && { cohort: { shape: [images, embeddingSize], data: cohort } }),
    },
  };
}

/** Decodes a stored calibration. Returns undefined for one that another version of the package has written. */
export function decodeCalibration({ state, tensors }: StoredCalibration): CalibrationData | undefined {
  const { falseAcceptRate, source, compared, closest } = state as unknown as Omit<
    CalibrationData,
    'scores'
  > & {
    compared: number;
  };
  const { stranger, best, runnerUp, nearest, cohort } = tensors;
  if (!(falseAcceptRate > 0 && falseAcceptRate < 1) || !(compared >= 1) || !stranger || !best || !runnerUp) {
    return undefined;
  }
  return {
    falseAcceptRate,
    source: source === 'strangers' ? 'strangers' : 'gallery',
    closest,
    cohort: cohort?.data,
    scores: {
      stranger: Int32Array.from(stranger.data),
      best: best.data,
      runnerUp: runnerUp.data.map((score) => (score < -1 ? Number.NaN : score)),
      nearest: nearest && Int32Array.from(nearest.data),
      compared,
    },
  };
}
