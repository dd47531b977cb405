import { RandomOrders } from './random-orders.js';
import { countClasses, drawVisits, type SampledClasses, type StepSampler } from './step-sampler.js';

/**
 * Class-balanced sampling: an epoch visits each class once, with `imagesPerClass` images, in its own random order. Epochs follow
 * each other without a gap, so a batch may contain the end of one epoch and the beginning of the next.
 * @see Kang et al., "Decoupling Representation and Classifier for Long-Tailed Recognition", ICLR 2020 (q = 0).
 */
export function sampleClassBalanced(classes: SampledClasses): StepSampler {
  const { batchSize, imagesPerClass, seed, firstStep, firstEpoch } = classes;
  const count = countClasses(classes);
  const visits = batchSize / imagesPerClass;
  const orders = new RandomOrders(seed, 'order', count);
  const epochOfVisit = (visit: number) => firstEpoch + Math.floor(visit / count);
  return {
    stepsPerEpoch: count / visits,
    epochOf: (step) => epochOfVisit((step - firstStep) * visits),
    draw: (step) =>
      drawVisits(classes, step, (i) => {
        const visit = (step - firstStep) * visits + i;
        return orders.of(epochOfVisit(visit))[visit % count];
      }),
  };
}
