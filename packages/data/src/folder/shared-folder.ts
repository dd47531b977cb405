import type { Identity, SampleContent } from '../source.js';
import type { IdentityGrouping, SkippedFile } from './scan.js';

/** Options for reading a folder of images. */
export interface FolderSourceOptions {
  /** Side in pixels of the decoded images; default 160, larger than the usual 128 so that crops stay sharp. */
  readonly cacheSize?: number;
  /** Folder for the cache of decoded pixels; default the system's cache folder; `false` disables the cache. */
  readonly cacheDir?: string | false;
  /** How files are grouped into identities; default `auto`, see `FolderSource.open`. */
  readonly identityPer?: IdentityGrouping;
  /** Upper limit in bytes for decoded pixels in memory; default 4 GiB. */
  readonly memoryLimit?: number;
  /** Called for each file that is not used, with the reason; `skipped` holds the same list. */
  readonly onSkipped?: (skipped: SkippedFile) => void;
  /** Called for each problem that does not stop the opening: a cache that is damaged or cannot be written. */
  readonly onWarning?: (message: string) => void;
  /** Called with the number of images decoded or read from the cache. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** An open folder as plain data. Its pixels are in shared memory, so sending it to a worker copies nothing. */
export interface SharedFolder {
  readonly dir: string;
  /** Side in pixels of every image. */
  readonly cacheSize: number;
  readonly identities: readonly Identity[];
  readonly skipped: readonly SkippedFile[];
  /** Content of each file, by slot. */
  readonly contents: readonly SampleContent[];
  /** Decoded images one after another, each cacheSize × cacheSize × 3 bytes. */
  readonly pixels: Uint8Array;
  /** Offsets into `slots`: identity i has entries starts[i] … starts[i + 1] − 1. */
  readonly starts: Uint32Array;
  /** Index into `pixels`, in images, of each sample. */
  readonly slots: Uint32Array;
}
