import { ClassSampler, type Sampler } from '@unitsphere/partial-fc';
import { CYCLE, type HeadWorkload } from './workload.js';

/** A sampler that repeats after {@link CYCLE} steps, and the labels of its batches. */
export interface CyclicSampler {
  sampler: Sampler;
  /** Returns the labels of the batch of a step. */
  labels(step: number): Int32Array;
}

/**
 * Creates a sampler that draws no class twice within a cycle, so that no step reads rows that an earlier step has read.
 * @throws RangeError if there are too few classes.
 */
export function createDisjointSampler(
  { classes, sampled, batch }: HeadWorkload,
  seed: number,
): CyclicSampler {
  if (CYCLE * sampled > classes) {
    throw new RangeError(
      `classes must be at least ${CYCLE * sampled} for ${CYCLE} steps of ${sampled} different classes, not ${classes}.`,
    );
  }
  const all = new ClassSampler(classes, CYCLE * sampled, seed).sample(new Int32Array(0), 0);
  const samples = Array.from({ length: CYCLE }, (_, step) => all.filter((_, i) => i % CYCLE === step));
  return {
    sampler: { samplesAll: false, sample: (_, step) => samples[step % CYCLE] },
    labels: (step) => {
      const sample = samples[step % CYCLE];
      return Int32Array.from({ length: batch }, (_, i) => sample[(i * 37) % sampled]);
    },
  };
}

/** Creates a sampler with PartialFC's own draws, repeated in each cycle. Samples all classes if `sampled` is `classes`. */
export function createUniformSampler({ classes, sampled, batch }: HeadWorkload, seed: number): CyclicSampler {
  const uniform = new ClassSampler(classes, sampled, seed);
  return {
    sampler:
      sampled >= classes
        ? uniform
        : { samplesAll: false, sample: (labels, step) => uniform.sample(labels, step % CYCLE) },
    labels: (step) =>
      Int32Array.from({ length: batch }, (_, i) => (((step % CYCLE) * batch + i) * 7919) % classes),
  };
}
