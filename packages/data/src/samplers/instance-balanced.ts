import { findRange } from '../find-range.js';
import { RandomOrders } from './random-orders.js';
import { countImages, type SampledClasses, type StepSampler } from './step-sampler.js';

/**
 * Instance-balanced sampling: an epoch visits each image once (with 24 views, each view of it), in its own random order. A class is
 * drawn in proportion to its number of images. Epochs follow each other without a gap.
 * @see RandomSampler of PyTorch; Kang et al., ICLR 2020 (q = 1).
 */
export function sampleInstanceBalanced(classes: SampledClasses): StepSampler {
  const { samples, views, batchSize, seed, firstStep, firstEpoch } = classes;
  const count = countImages(classes);
  const starts = new Float64Array(samples.length + 1);
  samples.forEach((images, position) => {
    starts[position + 1] = starts[position] + images;
  });
  const orders = new RandomOrders(seed, 'images', count);
  const epochAt = (place: number) => firstEpoch + Math.floor(place / count);
  return {
    stepsPerEpoch: count / batchSize,
    epochOf: (step) => epochAt((step - firstStep) * batchSize),
    draw: (step) =>
      Array.from({ length: batchSize }, (_, i) => {
        const place = (step - firstStep) * batchSize + i;
        const drawn = orders.of(epochAt(place))[place % count];
        const image = Math.floor(drawn / views);
        const position = findRange(starts, image);
        return { position, view: drawn % views, sample: image - starts[position] };
      }),
  };
}
