import type { PixelImage } from '@unitsphere/images';
import type { Failure } from '../../failure.js';

/** A request of the page to the export worker. */
export interface ExportRequest {
  /** Files of a checkpoint. */
  files: Record<string, Uint8Array>;
  step: number;
  /** Key of `EXPORT_FORMATS`. */
  format: string;
  /** Images like those of the application: half are for the ranges of int8, the others for the check. */
  images: PixelImage[];
}

/** How the exported file's embeddings differ from the model's on the same images. */
export interface ExportCheck {
  images: number;
  /** Largest difference of a value of an embedding. */
  largestDifference: number;
  smallestCosine: number;
}

/** An answer of the export worker. */
export type FromExport =
  | { type: 'phase'; text: string }
  | { type: 'exported'; archive: Uint8Array<ArrayBuffer>; check?: ExportCheck }
  | { type: 'failed'; failure: Failure };
