import { copyFile, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type DuplicateGroup, findDuplicates, openFolder } from '@unitsphere/data';

/** A folder of images in which each picture occurs once. */
export interface DistinctImages {
  /** Temporary folder; the caller removes it. */
  folder: string;
  /** The groups of files that show the same picture, of which the first file is kept. */
  groups: readonly { kind: DuplicateGroup['kind']; files: string[] }[];
}

/** Copies a folder of images, each of which is one identity, without all but the first image of each picture. */
export async function leaveOutCopies(data: string): Promise<DistinctImages> {
  const source = await openFolder(data, { identityPer: 'file' });
  const groups = (await findDuplicates(source)).map(({ kind, images }) => ({
    kind,
    files: images.map(({ file }) => file),
  }));
  const left = new Set(groups.flatMap(({ files }) => files.slice(1)));
  const folder = await mkdtemp(join(tmpdir(), 'distinct-'));
  for (let identity = 0; identity < source.identities.length; identity++) {
    for (const { file } of source.contents(identity)) {
      if (!left.has(file)) await copyFile(join(data, file), join(folder, basename(file)));
    }
  }
  return { folder, groups };
}
