import { Random } from '@unitsphere/core/random';
import type { ViewCount } from '../views.js';
import { drawDistinct } from './draw-distinct.js';

/** What a sampler draws from: the classes of some consecutive steps. A class is a view of an identity. */
export interface SampledClasses {
  /** Number of images of each training identity. */
  readonly samples: Uint32Array;
  /** Number of each training identity's super-class, from 0. */
  readonly superClasses: Uint32Array;
  /** Views that are drawn in these steps; class c is view c % views of the identity at position ⌊c / views⌋. */
  readonly views: ViewCount;
  readonly batchSize: number;
  /** Images of a class that follow each other in a batch; divides `batchSize`. */
  readonly imagesPerClass: number;
  readonly superClassesPerBatch: number;
  readonly seed: number;
  /** First of the steps. */
  readonly firstStep: number;
  /** Epoch of the first step. */
  readonly firstEpoch: number;
}

/** An image that a sampler has drawn. */
export interface DrawnImage {
  /** Position of its identity among the training identities. */
  readonly position: number;
  readonly view: number;
  readonly sample: number;
}

/** Draws the images of each step, as a pure function of the step. */
export interface StepSampler {
  /** Steps per epoch; fractional if an epoch ends within a batch. */
  readonly stepsPerEpoch: number;
  /** Returns the epoch of a step's first image, counting from 0. */
  epochOf(step: number): number;
  draw(step: number): DrawnImage[];
}

/** Number of classes. */
export function countClasses({ samples, views }: SampledClasses): number {
  return samples.length * views;
}

/** Number of images, each view counted. */
export function countImages({ samples, views }: SampledClasses): number {
  return samples.reduce((sum, count) => sum + count, 0) * views;
}

/** Draws `imagesPerClass` images for each visit of a class in a step. @param classOf Returns the class of the step's i-th visit. */
export function drawVisits(
  classes: SampledClasses,
  step: number,
  classOf: (visit: number) => number,
): DrawnImage[] {
  const { batchSize, imagesPerClass } = classes;
  const images: DrawnImage[] = [];
  for (let from = 0; from < batchSize; from += imagesPerClass) {
    images.push(
      ...drawImages(classes, classOf(from / imagesPerClass), imagesPerClass, step * batchSize + from),
    );
  }
  return images;
}

/** Draws images of a class: all different if it has that many. @param stream Key of the draw. */
export function drawImages(
  { samples, views, seed }: SampledClasses,
  label: number,
  count: number,
  stream: number,
): DrawnImage[] {
  const position = Math.floor(label / views);
  const random = new Random(seed, 'sample', stream);
  return drawDistinct(random, samples[position], count).map((sample) => ({
    position,
    view: label % views,
    sample,
  }));
}
