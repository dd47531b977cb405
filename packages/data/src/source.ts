import type { Image } from './image.js';

/** Someone or something to recognize, and how many different pictures of it a source holds. */
export interface Identity {
  /** A name of its own within the source; splits are made from it. */
  readonly name: string;
  /** How many samples `load` takes: 0 … samples − 1. */
  readonly samples: number;
}

/** Where pictures come from: a folder, a generator, or anything of yours with these two members. */
export interface ImageSource {
  readonly identities: readonly Identity[];
  /**
   * One picture of one identity, the same bytes each time it is asked for. The bytes may belong to the source:
   * read them, do not write them.
   */
  load(identity: number, sample: number): Image | Promise<Image>;
  /** What all samples of an identity show, without what a sample adds; for sources whose samples are pictures of one thing. */
  clean?(identity: number): Image | Promise<Image>;
}

/** A sample's clean picture: what its source knows to be behind all samples, or else the sample itself. */
export function cleanImage(source: ImageSource, identity: number, sample: number): Image | Promise<Image> {
  return source.clean?.(identity) ?? source.load(identity, sample);
}
