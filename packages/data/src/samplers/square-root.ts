import { Random } from '@unitsphere/core/random';
import { findRange } from '../find-range.js';
import { countImages, drawVisits, type SampledClasses, type StepSampler } from './step-sampler.js';

/**
 * Square-root sampling: a class is drawn with a probability in proportion to the square root of its number of images, each time
 * independently, and one of its images uniformly. An epoch has as many images as the classes.
 * @see Mikolov et al., 2013; Kang et al., ICLR 2020 (q = 1/2).
 */
export function sampleSquareRoot(classes: SampledClasses): StepSampler {
  const { samples, views, batchSize, imagesPerClass, seed, firstStep, firstEpoch } = classes;
  const starts = new Float64Array(samples.length + 1);
  samples.forEach((images, position) => {
    starts[position + 1] = starts[position] + Math.sqrt(images);
  });
  const total = starts[samples.length];
  const stepsPerEpoch = countImages(classes) / batchSize;
  return {
    stepsPerEpoch,
    epochOf: (step) => firstEpoch + Math.floor((step - firstStep) / stepsPerEpoch),
    draw: (step) =>
      drawVisits(classes, step, (i) => {
        const random = new Random(seed, 'class', step * batchSize + i * imagesPerClass);
        return findRange(starts, random.uniform(0, total)) * views + random.int(views);
      }),
  };
}
