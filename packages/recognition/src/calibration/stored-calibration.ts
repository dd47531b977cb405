import type { StoredCalibration } from '../store/gallery-store.js';
import type { CalibrationData, OwnPairs } from './calibration.js';
import type { IdentityPair } from './identity-groups.js';
import type { EnrolledStranger } from './measure-strangers.js';
import type { StrangerScores } from './stranger-scores.js';

/** Tells runner-ups that do not exist from scores: JSON and PostgreSQL have no NaN. */
const NO_SCORE = -2;
/** Cosines of rounded vectors may exceed 1 by this. */
const ROUNDING = 1e-6;

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

/**
 * Decodes a stored calibration. Returns undefined for one that this version of the package did not write, so that the gallery counts
 * as not calibrated.
 */
export function decodeCalibration(
  { state, tensors }: StoredCalibration,
  embeddingSize: number,
): CalibrationData | undefined {
  const { falseAcceptRate, source, compared, allCompared, enrolledStrangers, own } = state as Record<
    string,
    unknown
  >;
  const scores = decodeScores(tensors, '', compared);
  if (!scores || typeof falseAcceptRate !== 'number') return undefined;
  if (!(falseAcceptRate > 0 && falseAcceptRate < 1)) return undefined;
  if (source === 'strangers') {
    const cohort = tensors['cohort']?.data;
    if (cohort?.length !== scores.best.length * embeddingSize || !cohort.every(Number.isFinite)) {
      return undefined;
    }
    if (!isListOf(enrolledStrangers, isEnrolledStranger)) return undefined;
    return { falseAcceptRate, source, scores, cohort, enrolledStrangers };
  }
  if (source !== 'gallery' || !isOwnPairs(own) || !scores.nearest) return undefined;
  const allScores = own.duplicates.length > 0 ? decodeScores(tensors, 'all.', allCompared) : undefined;
  if (own.duplicates.length > 0 && !allScores) return undefined;
  return { falseAcceptRate, source, scores, own: { ...own, ...(allScores && { allScores }) } };
}

/**
 * Replaces the ids of identities, as in another store. Identities that have none get negative numbers, which no store assigns, because
 * two identities may be joined by one that was removed.
 */
export function renumberIdentities(
  data: CalibrationData,
  idOf: (id: number) => number | undefined,
): CalibrationData {
  const { own, enrolledStrangers } = data;
  const change = (id: number) => idOf(id) ?? -id;
  const renumber = ({ ids: [a, b], score }: IdentityPair): IdentityPair => ({
    ids: [change(a), change(b)],
    score,
  });
  return {
    ...data,
    ...(own && {
      own: {
        ...own,
        ...(own.closest && { closest: renumber(own.closest) }),
        duplicates: own.duplicates.map(renumber),
        newDuplicates: own.newDuplicates.map(renumber),
      },
    }),
    ...(enrolledStrangers && {
      enrolledStrangers: enrolledStrangers.map((entry) => ({ ...entry, identity: change(entry.identity) })),
    }),
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
    [`${prefix}runnerUp`]: column(scores.runnerUp.map((score) => (Number.isNaN(score) ? NO_SCORE : score))),
    ...(scores.nearest && { [`${prefix}nearest`]: column(scores.nearest) }),
  };
}

function decodeScores(
  tensors: StoredCalibration['tensors'],
  prefix: string,
  compared: unknown,
): StrangerScores | undefined {
  const [stranger, best, runnerUp, nearest] = ['stranger', 'best', 'runnerUp', 'nearest'].map(
    (name) => tensors[`${prefix}${name}`]?.data,
  );
  if (!stranger || !best || !runnerUp || !isInteger(compared) || compared < 1) return undefined;
  const { length } = best;
  if (length === 0 || [stranger, runnerUp, nearest ?? best].some((column) => column.length !== length)) {
    return undefined;
  }
  const count = new Set(stranger).size;
  const areNumbers = (column: Float32Array, least: number) =>
    column.every((value) => isInteger(value) && value >= least && value < count);
  const isScore = (value: number) => Math.abs(value) <= 1 + ROUNDING;
  if (!areNumbers(stranger, 0) || !(nearest === undefined || areNumbers(nearest, -1))) return undefined;
  if (!best.every(isScore) || !runnerUp.every((value) => value === NO_SCORE || isScore(value))) {
    return undefined;
  }
  return {
    stranger: Int32Array.from(stranger),
    best,
    runnerUp: runnerUp.map((score) => (score === NO_SCORE ? Number.NaN : score)),
    ...(nearest && { nearest: Int32Array.from(nearest) }),
    compared,
  };
}

function isOwnPairs(value: unknown): value is Omit<OwnPairs, 'allScores'> {
  if (!isRecord(value)) return false;
  const { closest, duplicates, newDuplicates, keepDuplicates } = value;
  return (
    (closest === undefined || isPair(closest)) &&
    isListOf(duplicates, isPair) &&
    isListOf(newDuplicates, isPair) &&
    typeof keepDuplicates === 'boolean'
  );
}

function isPair(value: unknown): value is IdentityPair {
  if (!isRecord(value) || typeof value['score'] !== 'number') return false;
  const { ids } = value;
  return isListOf(ids, isInteger) && ids.length === 2 && ids[0] !== ids[1];
}

function isEnrolledStranger(value: unknown): value is EnrolledStranger {
  if (!isRecord(value)) return false;
  const { stranger, identity, score } = value;
  return isInteger(stranger) && isInteger(identity) && typeof score === 'number';
}

function isInteger(value: unknown): value is number {
  return Number.isInteger(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isListOf<T>(value: unknown, isItem: (item: unknown) => item is T): value is T[] {
  return Array.isArray(value) && value.every(isItem);
}
