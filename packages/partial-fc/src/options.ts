import type * as tf from '@tensorflow/tfjs-core';
import type { Communicator } from '@unitsphere/collectives';
import type { LabelMarginLoss } from '@unitsphere/margin-losses';
import { ClassSampler, type Sampler } from './classes/sample-classes.js';
import type { RowOptimizer } from './optimizers/row-optimizer.js';
import type { StoreFactory } from './stores/center-store.js';
import type { InitialRow } from './stores/initial-centers.js';

/** Options of {@link PartialFC}. */
export interface PartialFCOptions {
  /** Number of classes over all ranks. */
  classes: number;
  /** Length of an embedding and of a class center. */
  dimensions: number;
  /**
   * Margin loss. If it has running statistics, they follow the batches of all ranks and are part of the saved state. Do
   * not share such a loss with another PartialFC. Its `subCenters` is the number of centers of each class.
   */
  loss: LabelMarginLoss;
  /** Fraction of the classes that a step samples, in (0, 1]. Default 1, which is the full softmax. */
  sampleRate?: number;
  /** Number of classes that a step samples. Alternative to `sampleRate`. */
  sampledClasses?: number;
  /** Chooses the classes of a step. Alternative to `sampleRate` and `sampledClasses`. Default: uniform, seeded. */
  sampler?: Sampler;
  /**
   * Threshold of insightface's interclass filtering, in [0, 1). A cosine above it with a class other than the label counts
   * as 0 and has no gradient, because both classes may show one identity. Default 0, which filters nothing.
   */
  interclassFilteringThreshold?: number;
  /** Where the class centers are stored. Default `deviceStore()`. */
  store?: StoreFactory;
  /** Updates the class centers. Default `new RowAdamW()`. */
  optimizer?: RowOptimizer;
  /** Ranks that share the classes. Default: one rank. */
  communicator?: Communicator;
  /** Seed of the class samples and of the initial centers. Must be equal on all ranks. */
  seed: number;
  /** Standard deviation of the initial centers. Default 0.01. */
  initStd?: number;
  /**
   * Initial center of a class, or its sub-centers side by side. Alternative to `initStd`. Must depend on the class alone and be equal on all ranks.
   */
  initialRow?: InitialRow;
}

/** Options of `PartialFC.forwardBackward`. */
export interface PartialFCPass {
  /**
   * Labels of the next batch, of all ranks if known. A file store then reads their rows while this pass computes. It reads
   * the rows of the next step's other classes in any case.
   */
  nextLabels?: Int32Array;
}

/** Result of `PartialFC.forwardBackward`. */
export interface PartialFCResult {
  /** Mean loss over the rows of all ranks. */
  loss: number;
  /** float32 [b, dimensions]: gradient of the loss by this rank's embeddings. The caller disposes it. */
  embeddingGradient: tf.Tensor2D;
  /** Sum of squares of the gradient by this rank's class centers. The sum over ranks is that of all centers. */
  gradientSquareSum: number;
}

/** Options of `PartialFC.step`. */
export interface PartialFCStep {
  /** Learning rate, finite and non-negative. */
  lr: number;
  /** Finite factor of the gradient, for clipping or for undoing a loss scale. Default 1. */
  gradientScale?: number;
}

const ONE_SAMPLING = 'PartialFC: set only one of sampleRate, sampledClasses and sampler.';

/** @throws RangeError if an option is out of range. */
export function checkOptions({
  classes,
  dimensions,
  interclassFilteringThreshold = 0,
  seed,
  initStd = 0.01,
}: PartialFCOptions): void {
  checkCount('classes', classes);
  checkCount('dimensions', dimensions);
  if (!(interclassFilteringThreshold >= 0 && interclassFilteringThreshold < 1)) {
    throw new RangeError(
      `PartialFC: interclassFilteringThreshold must be in [0, 1), but it is ${interclassFilteringThreshold}.`,
    );
  }
  if (!Number.isFinite(seed)) throw new RangeError(`PartialFC: seed must be a finite number, not ${seed}.`);
  if (!(Number.isFinite(initStd) && initStd > 0)) {
    throw new RangeError(`PartialFC: initStd must be finite and above 0, but it is ${initStd}.`);
  }
}

/**
 * Returns the sampler that the options ask for.
 * @throws Error if more than one of the sampling options is set; RangeError if one is out of range.
 */
export function createSampler({
  classes,
  sampleRate,
  sampledClasses,
  sampler,
  seed,
}: PartialFCOptions): Sampler {
  const given = [sampleRate, sampledClasses, sampler].filter((option) => option !== undefined);
  if (given.length > 1) throw new Error(ONE_SAMPLING);
  if (sampler) return sampler;
  if (sampledClasses !== undefined) {
    return new ClassSampler(classes, checkCount('sampledClasses', sampledClasses), seed);
  }
  const rate = sampleRate ?? 1;
  if (!(rate > 0 && rate <= 1)) {
    throw new RangeError(`PartialFC: sampleRate must be in (0, 1], but it is ${rate}.`);
  }
  return new ClassSampler(classes, Math.max(1, Math.floor(rate * classes)), seed);
}

function checkCount(name: string, value: number): number {
  if (!Number.isInteger(value) || value < 1 || value > 2 ** 31 - 1) {
    throw new RangeError(`PartialFC: ${name} must be a positive integer below 2³¹, but it is ${value}.`);
  }
  return value;
}
