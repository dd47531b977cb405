import type { AugmentationOptions } from '../augment/augmentation.js';
import type { SharedFolder } from '../folder/folder-source.js';
import type { SourceSpec } from '../open-source.js';
import type { PlannedSample } from './training-sampler.js';

/** What a data worker is started with. */
export interface WorkerStart {
  readonly source: { readonly folder: SharedFolder } | { readonly spec: SourceSpec };
  readonly size: number;
  readonly seed: number;
  readonly augment: AugmentationOptions | false;
  readonly clean: boolean;
}

/** One batch to make. */
export interface WorkerJob {
  readonly step: number;
  readonly plan: readonly PlannedSample[];
}

/** What comes back: a batch, or why the worker cannot go on. */
export type WorkerReply =
  | { readonly step: number; readonly images: Uint8Array<ArrayBuffer> }
  | { readonly error: string; readonly stack?: string };
