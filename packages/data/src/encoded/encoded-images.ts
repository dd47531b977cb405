import type { SkippedFile } from '../source.js';
import type { ImageTable } from './image-table.js';
import type { PackedNames } from './packed-names.js';
import type { ArchiveSpec, BlobsSpec, FolderSpec } from './reader-specs.js';

/** How the encoded images of a table are read, as plain data that can be sent to a thread. */
export type ReaderSpec = FolderSpec | ArchiveSpec | BlobsSpec;

/**
 * Encoded images with their identities: what a format has to supply. The rest is the same for all formats: decoding, memory,
 * caches, threads. A format lists its images in a table and names the reader of their bytes.
 */
export interface EncodedImages {
  /** The kind and the place of the images, for messages: `the folder "photos"`. */
  readonly name: string;
  /** Key of the images in the cache: the kind and the absolute path. Undefined if they cannot be found again. */
  readonly place: string | undefined;
  readonly table: ImageTable;
  readonly reader: ReaderSpec;
  /** The part of each image that is used, `REGION_VALUES` each; see `regionAt`. Absent if every image is used whole. */
  readonly regions?: Float64Array;
  /** Bits of `ROLE` for each image; absent if the source names no queries and no gallery. */
  readonly roles?: Uint8Array;
  /** Super-class of each identity of the table, empty if it has none; absent if the source names none. */
  readonly superClasses?: PackedNames;
  /** Files and entries that are not used, with the reason. */
  readonly skipped: readonly SkippedFile[];
}

/** Reads the encoded images of a table. */
export interface ImageReader {
  /** Returns the bytes of an image. @throws Error if they cannot be read. */
  read(image: number): Promise<Uint8Array>;
  /** Returns text that differs once an image may have changed; undefined if only its bytes can tell. */
  signature(image: number): string | undefined;
  close(): void;
}
