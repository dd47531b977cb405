import type { AugmentationOptions } from '../augment/augmentation.js';
import type { SharedImages } from '../encoded/decoded-source.js';
import type { SourceSpec } from '../open-source.js';
import type { MadeSamples } from './make-samples.js';
import type { PlannedSample } from './training-sampler.js';

/** First message to a data worker. */
export interface WorkerStart {
  readonly source: { readonly images: SharedImages } | { readonly spec: SourceSpec };
  readonly size: number;
  readonly seed: number;
  readonly augment: AugmentationOptions | false;
  readonly clean: boolean;
}

/** A batch to make. */
export interface WorkerJob {
  readonly step: number;
  readonly plan: readonly PlannedSample[];
}

/** Reply of a data worker: a batch, or a fatal error. */
export type WorkerReply =
  | ({ readonly step: number } & MadeSamples)
  | { readonly error: string; readonly stack?: string };
