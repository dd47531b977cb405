import type { PackedNames } from './packed-names.js';

/** Values per file: modification time and status change time in milliseconds, inode. */
export const STAT_VALUES = 3;

/** Images that are files of their own. */
export interface FolderSpec {
  readonly kind: 'folder';
  /** Absolute path of the folder. */
  readonly dir: string;
  /** Path of each image, relative to the folder or absolute. Default: its id. */
  readonly paths?: PackedNames;
  /** `STAT_VALUES` per image. Programs can set the first, but not the others. */
  readonly stats: Float64Array;
}

/** Images that are parts of a few files. */
export interface ArchiveSpec {
  readonly kind: 'archive';
  /** The archives, each with its size, modification time, status change time and inode as text. */
  readonly files: readonly { readonly path: string; readonly signature: string }[];
  /** Index in `files` of each image's archive; absent if there is one archive. */
  readonly file?: Uint32Array;
  /** Offset of each image in its archive. */
  readonly offsets: Float64Array;
  /** Length of the part to read; absent if the part is the image. */
  readonly lengths?: Float64Array;
  /** How the image is packed in its part; `recordio`: as a record of RecordIO. Default: the part is the image. */
  readonly packing?: 'recordio';
}

/** Images in memory, or files that a visitor of a page has picked. */
export interface BlobsSpec {
  readonly kind: 'blobs';
  readonly blobs: readonly Blob[];
}
