import { hashKey } from '@unitsphere/core/random';

/** Fractions of all identities, each in [0, 1], with a sum of 1. */
export interface SplitFractions {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
  /** Seed of the split; default 0. */
  readonly seed?: number;
}

/** Indices into the names, ascending; each index is in exactly one part. */
export interface IdentitySplit {
  readonly train: number[];
  readonly validation: number[];
  readonly test: number[];
}

/**
 * Splits identities (not images) into disjoint parts, so that scores are measured on identities unseen in training.
 *
 * The part depends only on the hash of the name: adding or removing other identities moves none, and a name is in the
 * same part in every data set. The fractions are therefore met only on average.
 *
 * @throws RangeError if the fractions are not in [0, 1] with a sum of 1, or a part with a positive fraction is empty.
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
    const draw = hashKey(['split', seed, name]) / 4294967296;
    // A part of fraction 0 stays empty, even if the sum of the others rounds below 1.
    let part: 'train' | 'validation' | 'test';
    if (draw < train) part = 'train';
    else if (draw < train + validation || test === 0) part = validation > 0 ? 'validation' : 'train';
    else part = 'test';
    split[part].push(index);
  });
  for (const part of ['train', 'validation', 'test'] as const) {
    if (fractions[part] > 0 && split[part].length === 0) {
      throw new RangeError(
        `splitIdentities: the ${part} part (fraction ${fractions[part]}) is empty for ${names.length} identities. ` +
          'Use more identities, a larger fraction, another seed, or fraction 0 to omit the part.',
      );
    }
  }
  return split;
}
