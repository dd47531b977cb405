import type { Image } from '../image.js';
import type { Identity, ImageSource, SampleContent } from '../source.js';
import type { SkippedFile } from './scan.js';
import type { FolderSourceOptions, SharedFolder } from './shared-folder.js';

/** Images of a folder, decoded once and held in memory (Node only). */
export class FolderSource implements ImageSource {
  readonly identities: readonly Identity[];
  /** Files that are not used, by path relative to the folder, each with the reason. */
  readonly skipped: readonly SkippedFile[];
  /** Side in pixels of every image. */
  readonly cacheSize: number;

  readonly #folder: SharedFolder;

  private constructor(folder: SharedFolder) {
    this.#folder = folder;

    this.identities = folder.identities;
    this.skipped = folder.skipped;
    this.cacheSize = folder.cacheSize;
  }

  /**
   * Opens a folder and decodes every image in it and its subfolders: JPEG, PNG, WebP, TIFF, GIF, AVIF, PGM, PPM, PBM.
   *
   * By default (`identityPer` "auto") each image file directly in the folder is an identity, and so is each subfolder
   * that directly contains images; it is named by its path and has those images as samples. With "file" every image
   * file is an identity. With "folder" only subfolders are, and files outside them are skipped. Identities are sorted
   * by the bytes of their names. Images that cannot be decoded are skipped and listed in `skipped`. Images are rotated
   * according to EXIF, composed onto white if transparent, and resized to cacheSize × cacheSize.
   *
   * Decoded pixels are cached on disk and verified by checksum. A file is decoded again if its size, inode, modification
   * time or status change time differs: unpacking an archive can restore the modification time, but not the others.
   *
   * @throws Error if the folder is missing or contains fewer than two readable identities.
   * @throws RangeError if cacheSize is not an integer in 8 … 4096, or the pixels need more than memoryLimit.
   * @throws TypeError if identityPer is not "auto", "file" or "folder".
   */
  static async open(dir: string, options: FolderSourceOptions = {}): Promise<FolderSource> {
    const { openFolder } = await import('./open-folder.js');
    return new FolderSource(await openFolder(dir, options));
  }

  /** Creates a source from the data of `share`, on the same memory. */
  static fromShared(folder: SharedFolder): FolderSource {
    return new FolderSource(folder);
  }

  /** Returns the data to send to a worker for `fromShared`. */
  share(): SharedFolder {
    return this.#folder;
  }

  /**
   * Returns the content of each of an identity's files.
   * @throws RangeError if the identity is out of range.
   */
  contents(identity: number): readonly SampleContent[] {
    const { starts, slots, contents } = this.#folder;
    if (!this.identities[identity]) {
      throw new RangeError(`FolderSource: identity ${identity} is not in [0, ${this.identities.length}).`);
    }
    return Array.from(slots.subarray(starts[identity], starts[identity + 1]), (slot) => contents[slot]);
  }

  /**
   * Returns an image as a view into the source's memory: do not write to it.
   * @throws RangeError if the identity or the sample is out of range.
   */
  load(identity: number, sample: number): Image {
    const { pixels, starts, slots, cacheSize } = this.#folder;
    const samples = this.identities[identity]?.samples;
    if (samples === undefined) {
      throw new RangeError(`FolderSource: identity ${identity} is not in [0, ${this.identities.length}).`);
    }
    if (!Number.isInteger(sample) || sample < 0 || sample >= samples) {
      const { name } = this.identities[identity];
      throw new RangeError(`FolderSource: sample ${sample} of "${name}" is not in [0, ${samples}).`);
    }
    const bytes = cacheSize * cacheSize * 3;
    const start = slots[starts[identity] + sample] * bytes;
    return { width: cacheSize, height: cacheSize, data: pixels.subarray(start, start + bytes) };
  }
}
