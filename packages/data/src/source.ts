import type { Image } from './image.js';

/** A person or thing to recognize, with the number of its images in a source. */
export interface Identity {
  /** Name, unique within the source; `splitIdentities` splits by it. */
  readonly name: string;
  /** Number of samples; `load` accepts 0 … samples − 1. */
  readonly samples: number;
}

/** A source of images: a folder, a generator, or any object with `identities` and `load`. */
export interface ImageSource {
  readonly identities: readonly Identity[];
  /**
   * Loads one image of one identity; the same arguments give the same bytes. The bytes may belong to the source: do
   * not write to them.
   */
  load(identity: number, sample: number): Image | Promise<Image>;
  /** Loads what all samples of an identity show, without what a single sample adds. Optional. */
  clean?(identity: number): Image | Promise<Image>;
}

/** Returns an identity's clean image if the source has one, otherwise the sample itself. */
export function cleanImage(source: ImageSource, identity: number, sample: number): Image | Promise<Image> {
  return source.clean?.(identity) ?? source.load(identity, sample);
}
