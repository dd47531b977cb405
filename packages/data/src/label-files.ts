import { IMAGE_EXTENSIONS } from '@unitsphere/images';
import type { LabeledImage } from './labeled-images.js';
import type { SkippedFile } from './source.js';

/** Files of a page, as images with their identities. */
export interface LabeledFiles {
  readonly images: readonly LabeledImage[];
  /** Files that are not used, with the reason. */
  readonly skipped: readonly SkippedFile[];
}

/**
 * Names the identities of the files that a visitor of a page has picked, as `openFolder` does: each subfolder with images is an
 * identity, and each image that is directly in the picked folder. Files that were picked alone, without a folder, are identities of
 * their own. Files stay on the visitor's disk until they are read.
 * @param files From an `<input type="file" webkitdirectory>`, or from one with `multiple`.
 */
export function labelFiles(files: Iterable<File>): LabeledFiles {
  const images: LabeledImage[] = [];
  const skipped: SkippedFile[] = [];
  for (const file of files) {
    // The first part is the folder that was picked.
    const path = file.webkitRelativePath ? file.webkitRelativePath.split('/').slice(1) : [file.name];
    if (path.some((part) => part.startsWith('.'))) continue;
    const id = path.join('/');
    const dot = file.name.lastIndexOf('.');
    if (dot < 0 || !IMAGE_EXTENSIONS.includes(file.name.slice(dot).toLowerCase())) {
      skipped.push({
        file: id,
        reason: `not an image extension; supported are ${IMAGE_EXTENSIONS.join(' ')}`,
      });
      continue;
    }
    const folder = path.slice(0, -1).join('/');
    images.push({ identity: folder || id, image: file, id });
  }
  return { images, skipped };
}
