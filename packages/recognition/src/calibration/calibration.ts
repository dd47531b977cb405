import type { Interval } from '@unitsphere/verification/statistics';
import type { StoredCalibration } from '../store/gallery-store.js';
import { chooseMargin, chooseThreshold } from './choose-threshold.js';
import type { StrangerScores } from './stranger-scores.js';

/** Two identities of a gallery, and how similar they are. */
export interface SimilarPair {
  readonly names: readonly [string, string];
  /** Highest cosine of a template of one with a template of the other. */
  readonly score: number;
}

/** A stranger, and the identity that it resembles most. */
export interface SimilarStranger {
  /** Place in the list of strangers, from 0. */
  readonly stranger: number;
  readonly name: string;
  readonly score: number;
}

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
  /**
   * 95 % confidence interval of that rate. It holds for strangers like those it was measured on, and only if the `duplicates` are
   * the same identities.
   */
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
  /** The two identities that resemble each other most and are not duplicates; undefined with given strangers. */
  readonly closest: SimilarPair | undefined;
  /**
   * Pairs that are so much more similar than all others that they look like one identity enrolled under two names; empty with
   * given strangers. They are left out: as different identities, they would raise the threshold above the scores of most images.
   * Scores cannot tell them from twins or designs of one series. If they are different, the threshold is too low: calibrate with
   * `keepDuplicates`. If they are the same, merge them.
   */
  readonly duplicates: readonly SimilarPair[];
  /** The threshold if the duplicates are different identities; undefined if there are none. */
  readonly thresholdWithDuplicates: number | undefined;
  /**
   * Given strangers that are so much more similar to an identity than all others that they are likely enrolled. They raise the
   * threshold: calibrate without them. Empty for the gallery's own identities.
   */
  readonly enrolledStrangers: readonly SimilarStranger[];
  /** What limits the calibration, in sentences: first one for each of the duplicates and of the enrolled strangers. */
  readonly warnings: readonly string[];
}

/** What a calibration is computed from. */
export interface CalibrationData {
  readonly falseAcceptRate: number;
  readonly source: Calibration['source'];
  readonly scores: StrangerScores;
  /** The strangers' embeddings, [images, embedding size], to measure them again when the gallery has changed. */
  readonly cohort?: Float32Array;
  /** Strangers that are likely enrolled. */
  readonly enrolledStrangers?: readonly SimilarStranger[];
  /** Only for scores of the gallery's own identities. */
  readonly own?: OwnPairs;
}

/** What the gallery's own identities show about each other. */
export interface OwnPairs {
  readonly closest?: SimilarPair;
  /** Pairs that are left out of the scores. */
  readonly duplicates: readonly SimilarPair[];
  /** Number of identities that are left out with them. */
  readonly merged: number;
  /** Scores with the duplicates, if there are some. */
  readonly allScores?: StrangerScores;
  /** Whether similar pairs are known to be different identities. */
  readonly keepDuplicates: boolean;
}

/** The gallery that a calibration is for. */
export interface CalibratedGallery {
  /** Number of identities. */
  readonly identities: number;
  /** Whether the scores are from another set of identities. */
  readonly isStale: boolean;
  has(name: string): boolean;
}

/** Returns the number of identities of a gallery, in which duplicates count as one; at least 1. */
export function countDistinct({ own }: CalibrationData, gallery: CalibratedGallery): number {
  if (!own) return gallery.identities;
  const gone = own.duplicates.filter((pair) => !isPresent(pair, gallery)).length;
  return Math.max(1, gallery.identities - Math.max(0, own.merged - gone));
}

/** Whether a gallery has both identities: they may have been merged, removed or renamed since. */
function isPresent({ names }: SimilarPair, gallery: CalibratedGallery): boolean {
  return names.every((name) => gallery.has(name));
}

/** Computes the calibration of a gallery from scores of strangers, for its present number of identities. */
export function computeCalibration(data: CalibrationData, gallery: CalibratedGallery): Calibration {
  const { falseAcceptRate, source, scores, own } = data;
  const { identities, isStale } = gallery;
  const { threshold, rate, interval, isExtrapolated, effectiveStrangers } = chooseThreshold(
    scores,
    falseAcceptRate,
    countDistinct(data, gallery),
  );
  const closest = own?.closest && isPresent(own.closest, gallery) ? own.closest : undefined;
  const duplicates = own?.duplicates.filter((pair) => isPresent(pair, gallery)) ?? [];
  const thresholdWithDuplicates =
    duplicates.length > 0 && own?.allScores
      ? chooseThreshold(own.allScores, falseAcceptRate, identities).threshold
      : undefined;
  const strangers = new Set(scores.stranger).size;
  const warnings = duplicates.map(({ names: [a, b], score }) => {
    const pair = `${JSON.stringify(a)} and ${JSON.stringify(b)}`;
    return `${pair} look like one identity enrolled twice, with a score of ${score.toFixed(4)}. The calibration leaves this pair out. Merge them if they are the same. Otherwise the threshold is too low: calibrate with \`keepDuplicates\`.`;
  });
  const enrolledStrangers = data.enrolledStrangers?.filter(({ name }) => gallery.has(name)) ?? [];
  warnings.push(
    ...enrolledStrangers.map(
      ({ stranger, name, score }) =>
        `Stranger ${stranger} has a score of ${score.toFixed(4)} with ${JSON.stringify(name)}, far above those of the other strangers. If it is enrolled, calibrate without it.`,
    ),
  );
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
    duplicates,
    thresholdWithDuplicates,
    enrolledStrangers,
    warnings,
  };
}

/** Returns the threshold at which one identity accepts strangers at the rate of a calibration. */
export function pairThreshold({ scores, falseAcceptRate }: CalibrationData): number {
  return chooseThreshold(scores, falseAcceptRate, 1).threshold;
}

/** Encodes what a calibration is computed from, for a store. */
export function encodeCalibration(data: CalibrationData, embeddingSize: number): StoredCalibration {
  const { scores, cohort, falseAcceptRate, source, enrolledStrangers, own } = data;
  const { allScores, ...pairs } = own ?? {};
  return {
    // JSON leaves out what is undefined.
    state: JSON.parse(
      JSON.stringify({
        falseAcceptRate,
        source,
        compared: scores.compared,
        enrolledStrangers,
        ...(own && { own: pairs }),
        ...(allScores && { allCompared: allScores.compared }),
      }),
    ),
    tensors: {
      ...encodeScores(scores, ''),
      ...(allScores && encodeScores(allScores, 'all.')),
      ...(cohort && { cohort: { shape: [scores.best.length, embeddingSize], data: cohort } }),
    },
  };
}

/** Decodes a stored calibration. Returns undefined for one that another version of the package has written. */
export function decodeCalibration({ state, tensors }: StoredCalibration): CalibrationData | undefined {
  const { falseAcceptRate, source, compared, allCompared, enrolledStrangers, own } = state as Partial<
    Pick<CalibrationData, 'falseAcceptRate' | 'source' | 'enrolledStrangers' | 'own'>
  > & { compared?: number; allCompared?: number };
  const scores = decodeScores(tensors, '', compared);
  if (!falseAcceptRate || !(falseAcceptRate > 0 && falseAcceptRate < 1) || !scores) return undefined;
  if (source !== 'strangers' && !Array.isArray(own?.duplicates)) return undefined;
  const allScores = decodeScores(tensors, 'all.', allCompared);
  return {
    falseAcceptRate,
    source: source === 'strangers' ? 'strangers' : 'gallery',
    scores,
    ...(enrolledStrangers && { enrolledStrangers }),
    ...(own && { own: { ...own, ...(allScores && { allScores }) } }),
    ...(tensors['cohort'] && { cohort: tensors['cohort'].data }),
  };
}

function encodeScores(scores: StrangerScores, prefix: string): StoredCalibration['tensors'] {
  const column = (values: Float32Array | Int32Array) => ({
    shape: [values.length],
    data: Float32Array.from(values),
  });
  return {
    [`${prefix}stranger`]: column(scores.stranger),
    [`${prefix}best`]: column(scores.best),
    // JSON and PostgreSQL have no NaN: -2 is no cosine.
    [`${prefix}runnerUp`]: column(scores.runnerUp.map((score) => (Number.isNaN(score) ? -2 : score))),
    ...(scores.nearest && { [`${prefix}nearest`]: column(scores.nearest) }),
  };
}

function decodeScores(
  tensors: StoredCalibration['tensors'],
  prefix: string,
  compared: number | undefined,
): StrangerScores | undefined {
  const [stranger, best, runnerUp, nearest] = ['stranger', 'best', 'runnerUp', 'nearest'].map(
    (name) => tensors[`${prefix}${name}`]?.data,
  );
  if (!stranger || !best || !runnerUp || compared === undefined || !(compared >= 1)) return undefined;
  return {
    stranger: Int32Array.from(stranger),
    best,
    runnerUp: runnerUp.map((score) => (score < -1 ? Number.NaN : score)),
    ...(nearest && { nearest: Int32Array.from(nearest) }),
    compared,
  };
}
