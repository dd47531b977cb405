import type { IdentitySplit } from '@unitsphere/data';
import { splitByFolders } from 'unitsphere/browser';
import { FEWEST_IDENTITIES, PICTURE_SPLIT } from './split-fractions.js';

/** Returns the part of each identity in a training; undefined if there are too few identities. */
export function planSplit(names: readonly string[], seed = 0): IdentitySplit | undefined {
  if (names.length < FEWEST_IDENTITIES) return undefined;
  return splitByFolders(names, { ...PICTURE_SPLIT, seed }).split;
}
