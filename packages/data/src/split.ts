import { hashKey } from '@unitsphere/core/random';

/** Parts of all identities, each in [0, 1], together 1. */
export interface SplitFractions {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
  /** Another seed, another split; default 0. */
  readonly seed?: number;
}

/** Indices into the names given, ascending; each index is in exactly one part. */
export interface IdentitySplit {
  readonly train: number[];
  readonly validation: number[];
  readonly test: number[];
}

/**
 * Splits identities (not images) into disjoint parts, so that scores are measured on identities never trained on.
 *
 * Each name's hash alone decides its part: adding or removing other identities moves none, and the same name is in
 * the same part in every data set. The fractions are therefore met on average, as by drawing lots.
 *
 * @throws RangeError if the fractions are not in [0, 1] with a sum of 1, or a part that should not be empty is.
 */
export function splitIdentities(names: readonly string[], fractions: SplitFractions): IdentitySplit {
  const { train, validation, test, seed = 0 } = fractions;
  for (const [part, fraction] of Object.entries({ train, validation, test })) {
    if (!(fraction >= 0 && fraction <= 1)) {
      throw new RangeError(`splitIdentities: ${part} must be a fraction in [0, 1], not ${fraction}.`);
    }
  }
  if (Math.abs(train + validation + test - 1) > 1e-6) {
    throw new RangeError(
      `splitIdentities: the fractions must add up to 1; ${train} + ${validation} + ${test} is ` +
        `${train + validation + test}.`,
    );
  }
  const split: IdentitySplit = { train: [], validation: [], test: [] };
  names.forEach((name, index) => {
    const lot = hashKey(['split', seed, name]) / 4294967296;
    // A fraction of 0 gets none, even where the sum of the others rounds below 1.
    let part: 'train' | 'validation' | 'test';
    if (lot < train) part = 'train';
    else if (lot < train + validation || test === 0) part = validation > 0 ? 'validation' : 'train';
    else part = 'test';
    split[part].push(index);
  });
  for (const part of ['train', 'validation', 'test'] as const) {
    if (fractions[part] > 0 && split[part].length === 0) {
      throw new RangeError(
        `splitIdentities: of ${names.length} identities none fell to the ${part} part (fraction ${fractions[part]}). ` +
          'Use more identities, a larger fraction, 0 for no such part, or another seed.',
      );
    }
  }
  return split;
}
