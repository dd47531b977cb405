import { labelFiles } from '@unitsphere/data';
import { TEXTS } from '../texts.js';
import { AddFailure } from './add-failure.js';
import type { Picture, PictureSet } from './picture-set.js';
import { readZip } from './read-zip.js';

const isZip = ({ name, type }: File) => /\.zip$/i.test(name) || type === 'application/zip';

/**
 * Adds files to the pictures: those of zip files too.
 * @param onReading Called with the name of each zip file.
 * @returns The new pictures.
 * @throws AddFailure if a zip file cannot be read, or there is no picture.
 */
export async function addFiles(
  set: PictureSet,
  files: readonly File[],
  onReading: (name: string) => void = () => {},
): Promise<Picture[]> {
  const all: File[] = [];
  for (const file of files) {
    if (!isZip(file)) {
      all.push(file);
      continue;
    }
    onReading(file.name);
    for (const unpacked of await readZip(file)) all.push(unpacked);
  }
  const { images, skipped } = labelFiles(all);
  if (images.length === 0) throw new AddFailure(TEXTS.data.noImages, TEXTS.data.noImagesHint);
  return set.add(images, skipped);
}
