import type { Interval } from '@unitsphere/verification/statistics';
import { chooseMargin, chooseThreshold } from './choose-threshold.js';
import { IdentityGroups, type IdentityPair } from './identity-groups.js';
import type { EnrolledStranger, OwnScores } from './measure-strangers.js';
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
   * An accepted identity is ambiguous if the score of another one differs by less: 95 % of strangers have a smaller gap between their
   * best two identities.
   */
  readonly margin: number;
  /** Estimated rate of strangers that the gallery accepts at the threshold. */
  readonly rate: number;
  /**
   * 95 % confidence interval of that rate. It holds for strangers like those it was measured on, and only if the `duplicates` are
   * the same identities.
   */
  readonly interval: Interval;
  /**
   * Whether fewer than 5 independent strangers would decide the threshold, so that its place follows from a fit of the tail of the
   * scores. The interval does not rely on the fit.
   */
  readonly isFitted: boolean;
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
  /**
   * Pairs of the same kind that were enrolled after `calibrate`. A gallery that measures itself again after a change never leaves out
   * more than `calibrate` did, so they count as different identities, and may raise the threshold.
   */
  readonly newDuplicates: readonly SimilarPair[];
  /** The threshold if the duplicates are different identities; undefined if there are none. */
  readonly thresholdWithDuplicates: number | undefined;
  /**
   * Given strangers that are so much more similar to an identity than all others that they are likely enrolled. They raise the
   * threshold: calibrate without them. Empty for the gallery's own identities.
   */
  readonly enrolledStrangers: readonly SimilarStranger[];
  /** What limits the calibration, in sentences: first one for each of the duplicates, the new duplicates and the enrolled strangers. */
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
  readonly enrolledStrangers?: readonly EnrolledStranger[];
  /** Only for scores of the gallery's own identities. */
  readonly own?: OwnPairs;
}

/** What the gallery's own identities show about each other. */
export interface OwnPairs extends Omit<OwnScores, 'scores' | 'closest' | 'allScores'> {
  readonly closest?: IdentityPair;
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
  /** Returns the name of an identity that has templates; undefined if it was removed or merged. */
  nameOf(id: number): string | undefined;
}

/** Returns the number of identities of a gallery, in which duplicates count as one; at least 1. */
export function countDistinct({ own }: CalibrationData, gallery: CalibratedGallery): number {
  if (!own) return gallery.identities;
  const ids = new Set(own.duplicates.flatMap(({ ids }) => ids));
  const present = [...ids].filter((id) => gallery.nameOf(id) !== undefined);
  const merged = present.length - new IdentityGroups(own.duplicates).count(present);
  return Math.max(1, gallery.identities - merged);
}

/** Computes the calibration of a gallery from scores of strangers, for its present number of identities. */
export function computeCalibration(data: CalibrationData, gallery: CalibratedGallery): Calibration {
  const { falseAcceptRate, source, scores, own } = data;
  const { identities, isStale } = gallery;
  const { threshold, rate, interval, isFitted, effectiveStrangers } = chooseThreshold(
    scores,
    falseAcceptRate,
    countDistinct(data, gallery),
  );
  const named = (pairs: readonly IdentityPair[] = []) => pairs.flatMap((pair) => namePair(pair, gallery));
  const [closest] = named(own?.closest && [own.closest]);
  const duplicates = named(own?.duplicates);
  const newDuplicates = named(own?.newDuplicates);
  const thresholdWithDuplicates =
    duplicates.length > 0 && own?.allScores
      ? chooseThreshold(own.allScores, falseAcceptRate, identities).threshold
      : undefined;
  const strangers = new Set(scores.stranger).size;
  const enrolledStrangers = (data.enrolledStrangers ?? []).flatMap(({ stranger, identity, score }) => {
    const name = gallery.nameOf(identity);
    return name === undefined ? [] : [{ stranger, name, score }];
  });
  const looksLikeOne = ({ names: [a, b], score }: SimilarPair) =>
    `${JSON.stringify(a)} and ${JSON.stringify(b)} look like one identity enrolled twice, with a score of ${score.toFixed(4)}.`;
  const warnings = [
    ...duplicates.map(
      (pair) =>
        `${looksLikeOne(pair)} The calibration leaves this pair out. Merge them if they are the same. Otherwise the threshold is too low: calibrate with \`keepDuplicates\`.`,
    ),
    ...newDuplicates.map(
      (pair) =>
        `${looksLikeOne(pair)} They were enrolled after the calibration, which counts them as different and may have raised the threshold. Merge them if they are the same, or calibrate again.`,
    ),
    ...enrolledStrangers.map(
      ({ stranger, name, score }) =>
        `Stranger ${stranger} has a score of ${score.toFixed(4)} with ${JSON.stringify(name)}, far above those of the other strangers. If it is enrolled, calibrate without it.`,
    ),
  ];
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
    isFitted,
    source,
    strangers,
    identities,
    isStale,
    closest,
    duplicates,
    newDuplicates,
    thresholdWithDuplicates,
    enrolledStrangers,
    warnings,
  };
}

/** Returns a pair with the names of its identities; nothing if one of them was removed or merged. */
function namePair({ ids, score }: IdentityPair, gallery: CalibratedGallery): SimilarPair[] {
  const [a, b] = ids.map((id) => gallery.nameOf(id));
  return a === undefined || b === undefined ? [] : [{ names: [a, b], score }];
}

/** Returns the threshold at which one identity accepts strangers at the rate of a calibration. */
export function pairThreshold({ scores, falseAcceptRate }: CalibrationData): number {
  return chooseThreshold(scores, falseAcceptRate, 1).threshold;
}
