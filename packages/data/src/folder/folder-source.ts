import type { Image } from '../image.js';
import type { Identity, ImageSource } from '../source.js';
import type { IdentityPer, SkippedFile } from './scan.js';

/** How a folder is read. */
export interface FolderSourceOptions {
  /** Side in pixels that images are decoded to; default 160, above the usual 128 so that crops stay sharp. */
  readonly cacheSize?: number;
  /** Folder for decoded pixels; default the system's place for caches; `false` keeps none on disk. */
  readonly cacheDir?: string | false;
  /** What an identity is; default `auto`, see `FolderSource.open`. */
  readonly identityPer?: IdentityPer;
  /** The most bytes that decoded pixels may take in memory; default 4 GiB. */
  readonly memoryLimit?: number;
  /** Told of each file that is not used and why; the same list as `skipped`. */
  readonly onSkipped?: (skipped: SkippedFile) => void;
  /** Told what went wrong without stopping anything: a cache that is damaged or cannot be written. */
  readonly onWarning?: (message: string) => void;
  /** Told how many of the images are decoded or read from the cache. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** An opened folder as plain data; its pixels are in shared memory, so sending it to a worker copies nothing. */
export interface SharedFolder {
  readonly dir: string;
  readonly cacheSize: number;
  readonly identities: readonly Identity[];
  readonly skipped: readonly SkippedFile[];
  readonly pixels: Uint8Array;
  /** Identity i has the slots starts[i] … starts[i + 1] − 1. */
  readonly starts: Uint32Array;
  /** Which picture of `pixels` each sample is. */
  readonly slots: Uint32Array;
}

/** Images from a folder, decoded once and held in memory (Node). */
export class FolderSource implements ImageSource {
  readonly identities: readonly Identity[];
  /** Files that are not used, by path below the folder, each with the reason. */
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
   * Reads every image below a folder: JPEG, PNG, WebP, TIFF, GIF, AVIF, PGM, PPM, PBM.
   *
   * Each image file directly in the folder is an identity of its own; each folder below it that directly holds images
   * is an identity, named by its path, with those images as samples (`identityPer` "auto"). With "file" every image
   * file is an identity; with "folder" files outside any subfolder are left out. Names are in byte order. An image
   * that cannot be decoded is left out and listed in `skipped`. Images are turned as their EXIF says, laid on white
   * where transparent, and squeezed to cacheSize × cacheSize.
   *
   * The decoded pixels are also kept on disk, found again by path, size and time of change, checked by checksum.
   *
   * @throws Error if the folder is missing, holds no images, or holds fewer than two identities that can be read.
   * @throws RangeError if cacheSize is not an integer of 8 … 4096, or the pixels would take more than memoryLimit.
   */
  static async open(dir: string, options: FolderSourceOptions = {}): Promise<FolderSource> {
    const { openFolder } = await import('./open-folder.js');
    return new FolderSource(await openFolder(dir, options));
  }

  /** The source a worker is sent, around the same memory. */
  static fromShared(folder: SharedFolder): FolderSource {
    return new FolderSource(folder);
  }

  /** What to send to a worker for `fromShared`. */
  share(): SharedFolder {
    return this.#folder;
  }

  /**
   * A view into the source's memory: do not write to it.
   * @throws RangeError if there is no such identity or sample.
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
