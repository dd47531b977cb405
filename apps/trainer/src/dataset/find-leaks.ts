import { type DuplicateGroup, findDuplicates, type IdentitySplit, type ImageSource } from '@unitsphere/data';
import { listNames } from '../list-names.js';

/** Pictures that should be in one place only. */
export interface Leaks {
  /** Held-out identities that have the same name as a training identity. */
  readonly identities: readonly string[];
  /** Groups of copies of a picture with images in several parts of the split. */
  readonly acrossParts: readonly DuplicateGroup[];
  /** Groups of copies of a picture that belong to several identities of one part. */
  readonly acrossIdentities: readonly DuplicateGroup[];
}

/** Finds identities and pictures that belong to several parts of a split or to several identities. */
export async function findLeaks(
  source: ImageSource,
  split: IdentitySplit,
  alsoTrained: readonly number[],
): Promise<Leaks> {
  const partOf = new Map(
    (['train', 'validation', 'test'] as const).flatMap((part) => split[part].map((i) => [i, part] as const)),
  );
  const groups = await findDuplicates(source, { withinIdentity: false });
  const spans = (group: DuplicateGroup, by: (identity: number) => unknown) =>
    new Set(group.images.map(({ identity }) => by(identity))).size > 1;
  const acrossParts = groups.filter((group) => spans(group, (identity) => partOf.get(identity)));
  return {
    identities: alsoTrained.map((identity) => source.identities[identity].name),
    acrossParts,
    acrossIdentities: groups.filter(
      (group) => !acrossParts.includes(group) && spans(group, (identity) => identity),
    ),
  };
}

/** Describes leaks, one line each; empty if there are none. */
export function describeLeaks({ identities, acrossParts, acrossIdentities }: Leaks): string[] {
  const lines: string[] = [];
  if (identities.length > 0) {
    lines.push(
      `${identities.length} held-out identities are also in the training folder (${listNames(identities, 3)}): figures on them are not of unseen identities`,
    );
  }
  if (acrossParts.length > 0) {
    lines.push(`${countPictures(acrossParts)} both for training and held out:${listGroups(acrossParts)}`);
  }
  if (acrossIdentities.length > 0) {
    lines.push(`${countPictures(acrossIdentities)} of several identities:${listGroups(acrossIdentities)}`);
  }
  return lines;
}

function countPictures(groups: readonly DuplicateGroup[]): string {
  return groups.length === 1 ? '1 picture is' : `${groups.length} pictures are`;
}

function listGroups(groups: readonly DuplicateGroup[]): string {
  const shown = groups
    .slice(0, 5)
    .map(({ kind, images }) => `\n  ${images.map(({ file }) => file).join(' = ')} (${kind})`);
  return shown.join('') + (groups.length > 5 ? `\n  … and ${groups.length - 5} more` : '');
}
