import type { Batch } from '@unitsphere/data';
import type { EvaluationImageSets } from './evaluation-images.js';

/** A batch, with the teacher's features of its images if there is a teacher: float32, images × width, row-major. */
export type TrainingBatch = Batch & { readonly features?: Float32Array };

/** Supplies batches in order of step; `BatchLoader` of `@unitsphere/data` implements it. */
export interface BatchSource {
  next(): Promise<TrainingBatch>;
  /** Returns the labels of a step's batch, before that batch is made. */
  labelsAt(step: number): Int32Array;
  close(): Promise<void>;
}

/** Supplies the images of a training. */
export interface TrainingImages {
  /** Returns the images by which the identities of a part are compared. */
  evaluation(part: 'validation' | 'test'): EvaluationImageSets;
  /** Returns the training batches from a step on. */
  batches(fromStep: number): Promise<BatchSource>;
}

/** The images and labels that one replica processes in a step. */
export interface BatchPart {
  /** uint8, N × size × size × 3. */
  images: Uint8Array;
  labels: Int32Array;
  /** The unaugmented version of each image, if the student sees both. */
  clean?: Uint8Array;
  /** The teacher's features: float32, N × width, row-major. */
  features?: Float32Array;
}
