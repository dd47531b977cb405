import { hashKey } from '@unitsphere/core/random';

/** Fractions of all identities, each in [0, 1], with a sum of 1. */
export interface SplitFractions {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
  /** Seed of the split; default 0. */
  readonly seed?: number;
  /** Smallest number of identities in a part with a positive fraction; default 2, since a comparison needs two. */
  readonly minimum?: number;
}

/** Indices into the names, ascending; each index is in exactly one part. */
export interface IdentitySplit {
  readonly train: number[];
  readonly validation: number[];
  readonly test: number[];
}

/** The parts in the order in which the draws fall into them. */
const PARTS = ['train', 'validation', 'test'] as const;

/**
 * Splits identities (not images) into disjoint parts, so that scores are measured on identities unseen in training.
 *
 * Each name is drawn by its hash, so its part does not depend on the other identities: adding or removing some moves none,
 * and a name is in the same part in every data set. The fractions are therefore met only on average. If a part has fewer
 * than `minimum` identities, it takes those whose draws are nearest from the largest part. Only such small sets can change
 * the part of an identity when others are added.
 *
 * @throws RangeError if the fractions are not in [0, 1] with a sum of 1, `minimum` is not a positive integer, or there are
 * too few identities for the minimum of every part.
 */
export function splitIdentities(names: readonly string[], fractions: SplitFractions): IdentitySplit {
  const { train, validation, test, seed = 0, minimum = 2 } = fractions;
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
  if (!Number.isInteger(minimum) || minimum < 1) {
    throw new RangeError(`splitIdentities: minimum must be a positive integer, not ${minimum}.`);
  }
  const draws = names.map((name) => hashKey(['split', seed, name]) / 4294967296);
  const counts = { train: 0, validation: 0, test: 0 };
  for (const draw of draws) counts[partOf(draw, fractions)]++;
  fillParts(counts, fractions, minimum);
  const order = [...draws.keys()].sort((a, b) => draws[a] - draws[b] || (names[a] < names[b] ? -1 : 1));
  let from = 0;
  const take = (count: number) => {
    from += count;
    return order.slice(from - count, from).sort((a, b) => a - b);
  };
  return { train: take(counts.train), validation: take(counts.validation), test: take(counts.test) };
}

/** Returns the part of a draw in [0, 1). A part of fraction 0 stays empty, even if the sum of the others rounds below 1. */
function partOf(draw: number, { train, validation, test }: SplitFractions): (typeof PARTS)[number] {
  if (draw < train) return 'train';
  if (draw < train + validation || test === 0) return validation > 0 ? 'validation' : 'train';
  return 'test';
}

/** Moves identities from the largest parts to those below the minimum. @throws RangeError if there are too few. */
function fillParts(
  counts: Record<(typeof PARTS)[number], number>,
  fractions: SplitFractions,
  minimum: number,
): void {
  const used = PARTS.filter((part) => fractions[part] > 0);
  const total = counts.train + counts.validation + counts.test;
  if (total < used.length * minimum) {
    throw new RangeError(
      `splitIdentities: ${total} identities are too few for ${minimum} in each of ${used.join(', ')}: ` +
        `at least ${used.length * minimum} are required. Use more identities, or fraction 0 to omit a part.`,
    );
  }
  for (const part of used) {
    while (counts[part] < minimum) {
      const largest = used.reduce((a, b) => (counts[b] > counts[a] ? b : a));
      counts[largest]--;
      counts[part]++;
    }
  }
}
