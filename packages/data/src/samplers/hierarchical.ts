import { Random } from '@unitsphere/core/random';
import { drawDistinct } from './draw-distinct.js';
import { RandomOrders } from './random-orders.js';
import { countClasses, drawImages, type SampledClasses, type StepSampler } from './step-sampler.js';

/**
 * Hierarchical sampling: a batch has `superClassesPerBatch` different super-classes with equally many images, and each of them
 * different classes with `imagesPerClass` images. Super-classes are visited equally often, in random combinations. A super-class with
 * too few classes gives more images of each. An epoch has as many images as one of class-balanced sampling.
 * @see HierarchicalSampler of pytorch-metric-learning; CategoryBalanceSampler of open-metric-learning.
 * @throws RangeError if there are fewer super-classes than a batch requires, or a batch cannot be divided among them.
 */
export function sampleHierarchical(classes: SampledClasses): StepSampler {
  const { superClasses, views, batchSize, imagesPerClass, superClassesPerBatch, seed } = classes;
  const { firstStep, firstEpoch } = classes;
  const members = groupPositions(superClasses);
  checkDivision(classes, members.length);
  const visits = batchSize / superClassesPerBatch / imagesPerClass;
  const stepsPerEpoch = (countClasses(classes) * imagesPerClass) / batchSize;
  const stepsPerRound = Math.ceil(members.length / superClassesPerBatch);
  const rounds = new RandomOrders(seed, 'super-order', members.length);
  return {
    stepsPerEpoch,
    epochOf: (step) => firstEpoch + Math.floor((step - firstStep) / stepsPerEpoch),
    draw(step) {
      const since = step - firstStep;
      const order = rounds.of(Math.floor(since / stepsPerRound));
      const from = (since % stepsPerRound) * superClassesPerBatch;
      const drawn: [label: number, images: number][] = [];
      for (let i = 0; i < superClassesPerBatch; i++) {
        const positions = members[order[(from + i) % members.length]];
        const random = new Random(seed, 'classes', step, i);
        const counts = new Map<number, number>();
        for (const index of drawDistinct(random, positions.length * views, visits)) {
          const label = positions[Math.floor(index / views)] * views + (index % views);
          counts.set(label, (counts.get(label) ?? 0) + imagesPerClass);
        }
        drawn.push(...counts);
      }
      // Each replica trains on a part of the batch, which should have all super-classes.
      new Random(seed, 'batch', step).shuffle(drawn);
      let stream = step * batchSize;
      return drawn.flatMap(([label, count]) => {
        stream += count;
        return drawImages(classes, label, count, stream - count);
      });
    },
  };
}

function groupPositions(superClasses: Uint32Array): number[][] {
  const members: number[][] = [];
  superClasses.forEach((superClass, position) => {
    members[superClass] ??= [];
    members[superClass].push(position);
  });
  return members;
}

function checkDivision(
  { batchSize, imagesPerClass, superClassesPerBatch }: SampledClasses,
  superClasses: number,
): void {
  if (!Number.isInteger(superClassesPerBatch) || superClassesPerBatch < 1) {
    throw new RangeError(
      `TrainingSampler: superClassesPerBatch must be a positive integer, not ${superClassesPerBatch}.`,
    );
  }
  if (batchSize % (superClassesPerBatch * imagesPerClass) !== 0) {
    throw new RangeError(
      `TrainingSampler: superClassesPerBatch (${superClassesPerBatch}) × imagesPerClass (${imagesPerClass}) must divide batchSize (${batchSize}).`,
    );
  }
  if (superClasses < superClassesPerBatch) {
    throw new RangeError(
      `TrainingSampler: hierarchical requires ${superClassesPerBatch} super-classes in a batch, but the training identities have ${superClasses}. The super-class of an identity is its superClass, or the part of its name before the last slash: the folder that contains its folder.`,
    );
  }
}
