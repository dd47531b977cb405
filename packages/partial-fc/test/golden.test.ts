/** Three steps of insightface's PartialFC from the same centers, samples and optimizer. */
import * as tf from '@tensorflow/tfjs-core';
import { CombinedMargin } from '@unitsphere/margin-losses';
import { describe, expect, test } from 'vitest';
import { type GoldenTensor, readGolden, relativeError } from '../../../tools/golden/read.js';
import { backends, start } from '../../../tools/workspace/backends.js';
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
  // The dense optimizers of V2 move rows that are not sampled: here when they next are.
  const unsampled = kind === 'v2' ? 'caught-up' : 'frozen';
  const weightDecay = options.weight_decay;
  return optimizer === 'adamw'
    ? new RowAdamW({ ...options, weightDecay, unsampled, stepCount: 'insightface' })
    : new RowSGD({ ...options, weightDecay, unsampled });
}

describe.each(backends)('%s', (backend) => {
  test.each(cases.map((c) => [c.name, c] as const))('%s', async (_name, c) => {
    await start(backend);
    for (const store of [deviceStore, hostStore]) {
      const [classes, dimensions] = c.centers.shape as [number, number];
      const first = c.centers.data as Float32Array;
      const head = new PartialFC({
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
        const result = await head.forwardBackward(batch, labels.data as Int32Array);
        expect(relativeError(result.loss, expected.loss)).toBeLessThan(TOLERANCE);
        expect(relativeError(result.embeddingGradient.dataSync(), expected.dEmbeddings)).toBeLessThan(
          TOLERANCE,
        );
        expect(relativeError(result.gradientSquareSum, expected.squareSum)).toBeLessThan(TOLERANCE);
        await head.step({ lr: c.lr });
        tf.dispose([batch, result.embeddingGradient]);
        const centers = await head.store.readCenters(0, classes);
        // A dense optimizer has moved the others too; ours does when they are sampled.
        const now = c.kind === 'v2' ? rowsOf(c.steps[i].index, dimensions) : undefined;
        const part = (values: ArrayLike<number>) =>
          now ? Float32Array.from(now, (place) => values[place]) : Float32Array.from(values);
        expect(relativeError(part(centers), part(expected.centers.data))).toBeLessThan(TOLERANCE);
      }
      head.dispose();
    }
  });
});

/** The places of rows' values. */
const rowsOf = ({ data }: GoldenTensor, dimensions: number) =>
  Array.from(data).flatMap((row) => Array.from({ length: dimensions }, (_, d) => row * dimensions + d));

test('every kind, optimizer and margin is there', () => {
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
