import { sampleClassBalanced } from './class-balanced.js';
import { sampleHierarchical } from './hierarchical.js';
import { sampleInstanceBalanced } from './instance-balanced.js';
import { sampleMPerClass } from './m-per-class.js';
import { sampleSquareRoot } from './square-root.js';
import type { SampledClasses, StepSampler } from './step-sampler.js';

const SAMPLERS = {
  'class-balanced': sampleClassBalanced,
  'instance-balanced': sampleInstanceBalanced,
  'square-root': sampleSquareRoot,
  'm-per-class': sampleMPerClass,
  hierarchical: sampleHierarchical,
} satisfies Record<string, (classes: SampledClasses) => StepSampler>;

/** Name of a sampler; see the function of that name. */
export type SamplerName = keyof typeof SAMPLERS;

/** The names of the samplers. */
export const SAMPLER_NAMES = Object.keys(SAMPLERS) as readonly SamplerName[];

/** Creates a sampler by its name. @throws RangeError if the classes do not suit it. */
export function createSampler(name: SamplerName, classes: SampledClasses): StepSampler {
  return SAMPLERS[name](classes);
}
