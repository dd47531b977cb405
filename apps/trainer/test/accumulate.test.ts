import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../src/config/parse-config.js';
import { estimateMemory } from '../src/model/estimate-memory.js';
import type { Steps } from './fixtures/replica-steps.js';
import { ReplicaStepsPool } from './fixtures/replica-steps-pool.js';

let pool: ReplicaStepsPool;
beforeAll(() => {
  pool = new ReplicaStepsPool();
});
afterAll(() => pool.close());

const stepsOn = (size: number, steps: Steps) => pool.run(size, steps);

interface Settings {
  accumulate: number;
  loss?: string;
  more?: string;
  norm?: string;
}

const settings = ({ accumulate, loss = 'name: cosface', more = '', norm = 'layernorm' }: Settings) => `
data: { imageSize: 32, augment: false, imagesPerClass: 2 }
model: { backbone: lcnet_035, neck: gap, embeddingSize: 16, norm: ${norm} }
loss: { ${loss} }
optimizer: { name: sgd, lr: 0.02, clipNorm: 1, ema: { decay: 0.9 } }
training: { steps: 30, batchSize: 14, accumulate: ${accumulate} }
${more}`;

const TEACHER = 'teacher: { onnx: teacher.onnx, preprocessing: { imageSize: 16 } }';

describe('gradient accumulation', () => {
  test.each<[string, number, Omit<Settings, 'accumulate'>]>([
    ['a margin loss', 1, {}],
    ['AdaFace, whose statistics cover the whole batch,', 1, { loss: 'name: adaface' }],
    ['PartialFC', 2, { loss: 'name: cosface, partialFc: { sampledClasses: 8 }' }],
    [
      'a pair loss, which compares all images of the batch,',
      1,
      { loss: 'name: none, pairs: { name: supcon }' },
    ],
    [
      'a teacher of augmented and clean images',
      2,
      { more: `distillation: { ${TEACHER}, loss: cosine, weight: 2 }` },
    ],
    ['bfloat16 activations', 1, { more: 'precision: { activations: bfloat16 }' }],
  ])('of %s on %i replicas gives the losses and gradients of the whole batch', async (_, size, more) => {
    const run = (accumulate: number) =>
      stepsOn(size, {
        config: settings({ accumulate, ...more }),
        classes: 11,
        count: 6,
        withoutBatchNorm: true,
      });
    const [whole, parts] = [await run(1), await run(3)];
    expect(parts.tensors[1]).toBe(parts.tensors[0]);
    whole.losses.forEach((loss, i) => {
      expect(Math.abs(parts.losses[i] - loss), `step ${i}`).toBeLessThan(
        (i === 0 ? 1e-5 : 1e-3) * Math.max(1, loss),
      );
      const norm = whole.gradientNorms[i];
      expect(Math.abs(parts.gradientNorms[i] - norm), `step ${i}`).toBeLessThan(
        (i === 0 ? 1e-4 : 0.01) * norm + 1e-5,
      );
    });
    for (const [i, { distillationLoss }] of whole.distillation.entries()) {
      const difference = Math.abs(parts.distillation[i].distillationLoss - distillationLoss);
      expect(difference, `step ${i}`).toBeLessThan((i === 0 ? 1e-4 : 0.01) * distillationLoss);
    }
    // The loss of the same batch, four steps later: the weights have moved.
    expect(whole.losses[4]).not.toBeCloseTo(whole.losses[0], 4);
  });

  // Relational losses divide small distances, so rounding grows: a learning rate changed by 1e-6 moves them as much as accumulation.
  test('of a relational distillation loss gives the first gradients of the whole batch', async () => {
    const more = `distillation: { ${TEACHER}, loss: rkd-distance, weight: 2 }`;
    const run = (accumulate: number) =>
      stepsOn(1, { config: settings({ accumulate, more }), classes: 11, count: 2, withoutBatchNorm: true });
    const [whole, parts] = [await run(1), await run(3)];
    expect(parts.distillation[0].distillationLoss).toBeCloseTo(whole.distillation[0].distillationLoss, 6);
    expect(parts.gradientNorms[0] / whole.gradientNorms[0]).toBeCloseTo(1, 6);
    // The loss of the second step follows from the first gradients.
    expect(parts.losses[1] / whole.losses[1]).toBeCloseTo(1, 5);
  });

  test('with batch norm and stochastic depth, repeats exactly and leaks no tensors', async () => {
    const config = settings({ accumulate: 3, norm: 'layernorm-batchnorm' }).replace(
      'backbone: lcnet_035,',
      'backbone: mobilenetv3_small_050, dropPathRate: 0.3,',
    );
    const steps = { config, classes: 11, count: 4, withoutBatchNorm: false };
    const [first, second] = [await stepsOn(1, steps), await stepsOn(1, steps)];
    expect(first.losses).toEqual(second.losses);
    expect(first.states[0]).toEqual(second.states[0]);
    expect(first.states[0].every(Number.isFinite)).toBe(true);
    expect(first.tensors[1]).toBe(first.tensors[0]);
  });

  test('takes the memory of one part', () => {
    const at = (accumulate: number) =>
      estimateMemory(parseConfig(`training: { batchSize: 64, accumulate: ${accumulate} }`), 100, 2)
        .activations;
    expect(at(1)).toBe(8 * at(8));
  });

  test('refuses parts of one image', () => {
    expect(() => parseConfig('training: { batchSize: 8, accumulate: 5 }')).toThrow(
      /5 parts have fewer than 2 images each with training.batchSize 8; use at most 4/,
    );
    expect(() => parseConfig('training: { batchSize: 8, accumulate: 2, replicas: 3 }')).toThrow(
      /3 replicas have fewer than 2 images each with training.batchSize 8 and training.accumulate 2; use at most 2/,
    );
  });
});
