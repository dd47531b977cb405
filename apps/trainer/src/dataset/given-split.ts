import { type IdentitySplit, type SplitFractions, splitIdentities } from '@unitsphere/data';

/** Names of the folders that hold the parts of a split. */
const FOLDERS: Record<string, keyof IdentitySplit> = {
  train: 'train',
  training: 'train',
  val: 'validation',
  valid: 'validation',
  validation: 'validation',
  dev: 'validation',
  test: 'test',
  testing: 'test',
};

/** A split, and the identities that are in several of its parts. */
export interface GivenSplit {
  readonly split: IdentitySplit;
  /** Held-out identities with the same name as a training identity, as indices. Empty unless the folders give the split. */
  readonly alsoTrained: readonly number[];
}

/**
 * Splits identities by the folders `train`, `val` and `test` (or `training`, `valid`, `validation`, `dev`, `testing`) if every
 * identity is in one of them, and there is a training folder and another. A missing part is drawn from the training folder.
 * Other sources are split by `splitIdentities`.
 * @throws RangeError as `splitIdentities` does.
 */
export function splitByFolders(names: readonly string[], fractions: SplitFractions): GivenSplit {
  const parts = names.map((name) => partOf(name));
  const given = new Set(parts);
  if (given.has(undefined) || !given.has('train') || given.size < 2) {
    return { split: splitIdentities(names, fractions), alsoTrained: [] };
  }
  const indices = (part: keyof IdentitySplit) => [...names.keys()].filter((i) => parts[i] === part);
  const train = indices('train');
  const validation = given.has('validation') ? 0 : fractions.validation;
  const test = given.has('test') ? 0 : fractions.test;
  const drawn = splitIdentities(
    train.map((i) => names[i]),
    { ...fractions, train: 1 - validation - test, validation, test },
  );
  const pick = (part: keyof IdentitySplit) => drawn[part].map((i) => train[i]);
  const split: IdentitySplit = {
    train: pick('train'),
    validation: given.has('validation') ? indices('validation') : pick('validation'),
    test: given.has('test') ? indices('test') : pick('test'),
  };
  const trained = new Set(split.train.map((i) => withoutFolder(names[i])));
  const alsoTrained = [...split.validation, ...split.test].filter((i) =>
    trained.has(withoutFolder(names[i])),
  );
  return { split, alsoTrained };
}

function partOf(name: string): keyof IdentitySplit | undefined {
  const [folder, ...rest] = name.split('/');
  const key = folder.toLowerCase();
  return rest.length > 0 && Object.hasOwn(FOLDERS, key) ? FOLDERS[key] : undefined;
}

const withoutFolder = (name: string) => name.slice(name.indexOf('/') + 1);
