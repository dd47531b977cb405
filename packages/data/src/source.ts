import type { Image } from './image.js';

/** A person or thing to recognize, with the number of its images in a source. */
export interface Identity {
  /** Name, unique within the source; `splitIdentities` splits by it. */
  readonly name: string;
  /** Number of samples; `load` accepts 0 … samples − 1. */
  readonly samples: number;
  /** Super-class for hierarchical sampling; default the name up to the last slash. */
  readonly superClass?: string;
}

/** The content of a sample's file, by which a copy is recognized under any name. */
export interface SampleContent {
  /** Path relative to the folder, with forward slashes. */
  readonly file: string;
  /** Size of the file in bytes. */
  readonly bytes: number;
  /** SHA-256 of the file, 64 hexadecimal digits; of the file and the region, if a part of it is used. */
  readonly sha256: string;
  /** Hash that similar pictures share but for a few bits; see `findDuplicates`. */
  readonly perceptualHash: Uint32Array;
  /** Whether a retrieval searches for the image. Absent if the source names no queries and no gallery. */
  readonly isQuery?: boolean;
  /** Whether a retrieval searches in the image. */
  readonly isGallery?: boolean;
}

/** A file that is not used. */
export interface SkippedFile {
  /** Path relative to the folder, with forward slashes. */
  readonly file: string;
  /** Reason in a few words. */
  readonly reason: string;
}

/** A source of images: a folder, a generator, or any object with `identities` and `load`. */
export interface ImageSource {
  readonly identities: readonly Identity[];
  /** Number of images that may be loaded at once; default 1. */
  readonly concurrency?: number;
  /**
   * Milliseconds that loads have taken so far, if the source reads and decodes files. Loads at the same time all count. Without it,
   * the time of loads counts as drawing.
   */
  readonly loadTimes?: { readonly disk: number; readonly decoding: number };
  /**
   * Loads one image of one identity; the same arguments give the same bytes. The bytes may belong to the source: do
   * not write to them.
   */
  load(identity: number, sample: number): Image | Promise<Image>;
  /** Takes back an image of `load` that the caller no longer reads. The source may use its memory for later images. Optional. */
  release?(image: Image): void;
  /**
   * Loads a sample at another side, resized from its original as `squash` of @unitsphere/images: the pixels that an embedder sees.
   * Optional.
   */
  loadResized?(identity: number, sample: number, side: number): Promise<Image>;
  /** Loads what all samples of an identity show, without what a single sample adds. Optional. */
  clean?(identity: number): Image | Promise<Image>;
  /** Returns the content of each of an identity's samples, if they are files. */
  contents?(identity: number): readonly SampleContent[];
}

/** Returns an identity's clean image if the source has one, otherwise the sample itself. */
export function cleanImage(source: ImageSource, identity: number, sample: number): Image | Promise<Image> {
  return source.clean?.(identity) ?? source.load(identity, sample);
}
