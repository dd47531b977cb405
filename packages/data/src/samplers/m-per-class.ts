import { RandomOrders } from './random-orders.js';
import { countClasses, drawVisits, type SampledClasses, type StepSampler } from './step-sampler.js';

/**
 * m-per-class sampling: a batch has batchSize / m different classes with m images each; m is `imagesPerClass`. An epoch visits each
 * class once in its own random order. Its last batch is filled with the first classes of the epoch.
 * @see MPerClassSampler of pytorch-metric-learning; BalanceSampler of open-metric-learning, whose epochs also visit every class.
 * @throws RangeError if there are fewer classes than a batch requires.
 */
export function sampleMPerClass(classes: SampledClasses): StepSampler {
  const { batchSize, imagesPerClass, seed, firstStep, firstEpoch } = classes;
  const count = countClasses(classes);
  const visits = batchSize / imagesPerClass;
  if (count < visits) {
    throw new RangeError(
      `TrainingSampler: m-per-class requires ${visits} different classes in a batch of ${batchSize} with ${imagesPerClass} images of each, but there are ${count}; use a smaller batchSize or a larger imagesPerClass.`,
    );
  }
  const stepsPerEpoch = Math.ceil(count / visits);
  const orders = new RandomOrders(seed, 'order', count);
  const epochOf = (step: number) => firstEpoch + Math.floor((step - firstStep) / stepsPerEpoch);
  return {
    stepsPerEpoch,
    epochOf,
    draw(step) {
      const from = ((step - firstStep) % stepsPerEpoch) * visits;
      const order = orders.of(epochOf(step));
      return drawVisits(classes, step, (i) => order[(from + i) % count]);
    },
  };
}
