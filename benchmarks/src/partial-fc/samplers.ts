import { ClassSampler, type Sampler } from '@unitsphere/partial-fc';
import { CYCLE, type HeadWorkload } from './workload.js';

/** A sampler with the labels of the batches that it is for. */
export interface SamplerOfCycle {
  sampler: Sampler;
  /** The labels of a batch. */
  labels(step: number): Int32Array;
}

/**
 * No class twice in a cycle of steps, so that what a step reads no step before it has read.
 * @throws RangeError where there are not enough classes for it.
 */
export function disjointSampler({ classes, sampled, batch }: HeadWorkload, seed: number): SamplerOfCycle {
  if (CYCLE * sampled > classes) {
    throw new RangeError(
      `${CYCLE} steps of ${sampled} different classes each need ${CYCLE * sampled} classes, not ${classes}.`,
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

/** PartialFC's own draw, with the same samples in each cycle; of all classes, all. */
export function uniformSampler({ classes, sampled, batch }: HeadWorkload, seed: number): SamplerOfCycle {
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
