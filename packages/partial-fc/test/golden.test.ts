/** Three steps of insightface's PartialFC with the same centers, samples and optimizer. */
import * as tf from '@tensorflow/tfjs-core';
import { CombinedMargin } from '@unitsphere/margin-losses';
import { backends, start } from '@unitsphere/testing/backends';
import { type GoldenTensor, readGolden, relativeError } from '@unitsphere/testing/golden';
import { describe, expect, test } from 'vitest';
import { deviceStore, hostStore, PartialFC, RowAdamW, RowSGD } from '../src/index.js';

interface Case {
  name: string;
  kind: 'v2' | 'rows';
  optimizer: 'adamw' | 'sgd';
  lr: number;
  options: { betas: [number, number]; eps: number; momentum: number; weight_decay: number };
  scale: number;
  m2: number;
  m3: number;
  filterThreshold: number;
  centers: GoldenTensor;
  steps: { embeddings: GoldenTensor; labels: GoldenTensor; index: GoldenTensor }[];
  afterStep: { loss: number; dEmbeddings: GoldenTensor; squareSum: number; centers: GoldenTensor }[];
}

const TOLERANCE = 1e-4;
const { cases } = readGolden<Case>('partial_fc');

function makeOptimizer({ kind, optimizer, options }: Case) {
  // The dense optimizers of V2 also move unsampled rows. Here such rows move when they are next sampled.
  const unsampled = kind === 'v2' ? 'caught-up' : 'frozen';
  const weightDecay = options.weight_decay;
  return optimizer === 'adamw'
    ? new RowAdamW({ ...options, weightDecay, unsampled, stepCount: 'insightface' })
    : new RowSGD({ ...options, weightDecay, unsampled });
}

describe.each(backends)('%s', (backend) => {
  test.each(cases.map((c) => [c.name, c] as const))('matches insightface: %s', async (_name, c) => {
    await start(backend);
    for (const store of [deviceStore, hostStore]) {
      const [classes, dimensions] = c.centers.shape as [number, number];
      const first = c.centers.data as Float32Array;
      const partialFC = new PartialFC({
        classes,
        dimensions,
        loss: new CombinedMargin({ ...c, m1: 1, form: 'insightface', gradient: 'pass-through' }),
        interclassFilteringThreshold: c.filterThreshold,
        optimizer: makeOptimizer(c),
        store: store(),
        initialRow: (row, out) => out.set(first.subarray(row * dimensions, (row + 1) * dimensions)),
        sampler: { samplesAll: false, sample: (_, step) => c.steps[step].index.data as Int32Array },
        seed: 0,
      });
      for (const [i, { embeddings, labels }] of c.steps.entries()) {
        const expected = c.afterStep[i];
        const batch = tf.tensor2d(embeddings.data as Float32Array, embeddings.shape as [number, number]);
        const result = await partialFC.forwardBackward(batch, labels.data as Int32Array);
        expect(relativeError(result.loss, expected.loss)).toBeLessThan(TOLERANCE);
        expect(relativeError(result.embeddingGradient.dataSync(), expected.dEmbeddings)).toBeLessThan(
          TOLERANCE,
        );
        expect(relativeError(result.gradientSquareSum, expected.squareSum)).toBeLessThan(TOLERANCE);
        await partialFC.step({ lr: c.lr });
        tf.dispose([batch, result.embeddingGradient]);
        const centers = await partialFC.store.readCenters(0, classes);
        // The dense optimizer has already moved the other rows, so only the sampled ones are compared.
        const now = c.kind === 'v2' ? rowsOf(c.steps[i].index, dimensions) : undefined;
        const part = (values: ArrayLike<number>) =>
          now ? Float32Array.from(now, (place) => values[place]) : Float32Array.from(values);
        expect(relativeError(part(centers), part(expected.centers.data))).toBeLessThan(TOLERANCE);
      }
      partialFC.dispose();
    }
  });
});

/** Returns the indices of the values of rows. */
const rowsOf = ({ data }: GoldenTensor, dimensions: number) =>
  Array.from(data).flatMap((row) => Array.from({ length: dimensions }, (_, d) => row * dimensions + d));

test('the golden file covers every kind, optimizer and margin', () => {
  for (const wanted of [
    'all classes',
    'more positives',
    'filtering',
    'ArcFace',
    'CosFace',
    'SGD',
    'AdamW',
    'rows',
    'V2',
  ]) {
    expect(
      cases.some(({ name }) => name.includes(wanted)),
      wanted,
    ).toBe(true);
  }
});
