import type { PairFile } from '@unitsphere/verification';

/** Pairs of images by which a network is verified, besides the identities of its data. */
export interface PairSource {
  /** Name of the set: `lfw` for `lfw.bin`. */
  readonly name: string;
  /** Reads the encoded images. They are in memory only while they are used. */
  read(): Promise<PairFile>;
}
