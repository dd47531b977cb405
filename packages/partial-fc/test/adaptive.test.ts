/** Losses with statistics, and one that changes every column, on PartialFC: the numbers of their published code, and state. */
import * as tf from '@tensorflow/tfjs-core';
import {
  AdaFace,
  CosFace,
  CurricularFace,
  type LabelMarginLoss,
  SphereFace,
} from '@unitsphere/margin-losses';
import { backends, start } from '@unitsphere/testing/backends';
import { type GoldenTensor, readGolden, relativeError } from '@unitsphere/testing/golden';
import { beforeEach, describe, expect, test } from 'vitest';
import { deviceStore, hostStore, PartialFC, RowSGD, type StoreFactory } from '../src/index.js';
import { fill, lossOnTape, squareSum } from './reference.js';

interface Case {
  name: string;
  group: string;
  loss: string;
  options: object;
  state: { [name: string]: GoldenTensor };
  classCenters: GoldenTensor;
  steps: { embeddings: GoldenTensor; labels: GoldenTensor }[];
  afterStep: {
    loss: number;
    dEmbeddings: GoldenTensor;
    dClassCenters: GoldenTensor;
    dEmbeddingsPassThrough: GoldenTensor | null;
    state: { [name: string]: GoldenTensor };
  }[];
}

const cases = readGolden<Case>('adaptive_losses').cases.filter(({ group }) => group === 'steps');
const LOSSES = { adaface: AdaFace, curricularface: CurricularFace, sphereface: SphereFace };
const factories: [string, () => LabelMarginLoss][] = [
  ['AdaFace', () => new AdaFace({ scale: 16, tAlpha: 0.3 })],
  ['CurricularFace', () => new CurricularFace({ scale: 16, momentum: 0.3 })],
];

const stateOf = async (loss: LabelMarginLoss) =>
  [...(await loss.statistics!.stateDict())].map(([name, { data }]) => [name, data[0]] as const);

const [classes, dimensions, rows] = [40, 8, 6];
const createWith = (loss: LabelMarginLoss, store?: StoreFactory) =>
  new PartialFC({ classes, dimensions, loss, sampledClasses: 15, store, seed: 2 });
function batchOf(step: number) {
  const labels = Int32Array.from({ length: rows }, (_, i) => (i * 7 + step) % classes);
  return { labels, embeddings: tf.tensor2d(fill(rows * dimensions, step + 1, 10), [rows, dimensions]) };
}
async function run(partialFC: PartialFC, from: number, to: number): Promise<number[]> {
  const losses: number[] = [];
  for (let step = from; step < to; step++) {
    const { labels, embeddings } = batchOf(step);
    const result = await partialFC.forwardBackward(embeddings, labels);
    losses.push(result.loss);
    await partialFC.step({ lr: 0.1 });
    tf.dispose([embeddings, result.embeddingGradient]);
  }
  return losses;
}

describe.each(backends)('%s', (backend) => {
  beforeEach(() => start(backend));

  test.each(cases.map((c) => [c.name, c] as const))('matches the published code: %s', async (_name, c) => {
    const [classes, dimensions] = c.classCenters.shape as [number, number];
    const first = c.classCenters.data as Float32Array;
    for (const gradient of ['exact', 'pass-through'] as const) {
      const loss: LabelMarginLoss = new LOSSES[c.loss as keyof typeof LOSSES]({ ...c.options, gradient });
      loss.statistics?.loadStateDict(new Map(Object.entries(c.state)));
      const partialFC = new PartialFC({
        classes,
        dimensions,
        loss,
        optimizer: new RowSGD({ momentum: 0, weightDecay: 0 }),
        initialRow: (row, out) => out.set(first.subarray(row * dimensions, (row + 1) * dimensions)),
        seed: 0,
      });
      for (const [i, { embeddings, labels }] of c.steps.entries()) {
        const expected = c.afterStep[i];
        const batch = tf.tensor2d(embeddings.data as Float32Array, embeddings.shape as [number, number]);
        const result = await partialFC.forwardBackward(batch, labels.data as Int32Array);
        await partialFC.step({ lr: 0 });
        expect(relativeError(result.loss, expected.loss), `loss of step ${i}`).toBeLessThan(1e-5);
        const wanted =
          (gradient === 'pass-through' && expected.dEmbeddingsPassThrough) || expected.dEmbeddings;
        expect(relativeError(result.embeddingGradient.dataSync(), wanted), `step ${i}`).toBeLessThan(1e-5);
        if (gradient === 'exact') {
          const squares = squareSum(expected.dClassCenters.data);
          expect(relativeError(result.gradientSquareSum, squares)).toBeLessThan(2e-5);
        }
        for (const [name, value] of Object.entries(expected.state)) {
          const { data } = (await loss.statistics!.stateDict()).get(name)!;
          expect(relativeError(data, value), name).toBeLessThan(1e-6);
        }
        tf.dispose([batch, result.embeddingGradient]);
      }
      partialFC.dispose();
      loss.statistics?.dispose();
    }
  });

  test.each(factories)(
    '%s: interclass filtering applies to the cosines before the loss',
    async (_name, make) => {
      // The expected values are from the tape, whose other columns are filtered first.
      const [threshold, before] = [0.2, tf.memory().numTensors];
      const loss = make();
      const centers = fill(classes * dimensions, 5);
      const partialFC = new PartialFC({
        classes,
        dimensions,
        loss,
        interclassFilteringThreshold: threshold,
        initialRow: (row, out) => out.set(centers.subarray(row * dimensions, (row + 1) * dimensions)),
        seed: 1,
      });
      const { labels, embeddings } = batchOf(3);
      const result = await partialFC.forwardBackward(embeddings, labels);
      tf.tidy(() => {
        const unit = (x: tf.Tensor2D) => tf.div(x, tf.norm(x, 2, 1, true)) as tf.Tensor2D;
        const cosines = tf.matMul(
          unit(embeddings),
          unit(tf.tensor2d(centers, [classes, dimensions])),
          false,
          true,
        );
        const isLabel = tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), classes), 'bool');
        const filtered = tf.where(
          tf.logicalAnd(tf.greater(cosines, threshold), tf.logicalNot(isLabel)),
          tf.zerosLike(cosines),
          cosines,
        ) as tf.Tensor2D;
        const norms = tf.norm(embeddings, 2, 1) as tf.Tensor1D;
        const direct = make();
        const value = direct.loss(filtered, labels, norms).dataSync()[0];
        expect(relativeError(result.loss, value)).toBeLessThan(1e-5);
        direct.statistics!.dispose();
      });
      tf.dispose([embeddings, result.embeddingGradient]);
      partialFC.dispose();
      loss.statistics!.dispose();
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  test.each(factories)(
    '%s: a dropped or failed batch leaves the statistics unchanged',
    async (_name, make) => {
      const loss = make();
      const partialFC = createWith(loss);
      await run(partialFC, 0, 2);
      const before = await stateOf(loss);
      const { labels, embeddings } = batchOf(2);
      const first = await partialFC.forwardBackward(embeddings, labels);
      expect(await stateOf(loss)).not.toEqual(before);
      partialFC.discard();
      expect(await stateOf(loss)).toEqual(before);
      const values = embeddings.dataSync().slice();
      values[5] = Number.NaN;
      const broken = tf.tensor2d(values, embeddings.shape);
      await expect(partialFC.forwardBackward(broken, labels)).rejects.toThrow('is NaN at index 5');
      expect(await stateOf(loss)).toEqual(before);
      const again = await partialFC.forwardBackward(embeddings, labels);
      expect(again.loss).toBe(first.loss);
      tf.dispose([embeddings, broken, first.embeddingGradient, again.embeddingGradient]);
      partialFC.dispose();
      loss.statistics!.dispose();
    },
  );

  test.each(factories)('%s: a restored state continues bit-identically', async (_name, make) => {
    const loss = make();
    const partialFC = createWith(loss, deviceStore());
    await run(partialFC, 0, 3);
    const saved = await partialFC.stateDict();
    const names = [...saved.keys()].filter((name) => name.startsWith('loss.'));
    expect(names).toEqual([...(await loss.statistics!.stateDict()).keys()].map((name) => `loss.${name}`));
    const expected = await run(partialFC, 3, 6);
    const other = make();
    const resumed = createWith(other, hostStore());
    await resumed.loadStateDict(saved);
    expect(await run(resumed, 3, 6)).toEqual(expected);
    expect(await stateOf(other)).toEqual(await stateOf(loss));

    const before = await stateOf(other);
    const plain = createWith(new CosFace());
    await expect(resumed.loadStateDict(await plain.stateDict())).rejects.toThrow(
      `the saved state lacks '${before[0][0]}'; it belongs to another loss.`,
    );
    // A loss without statistics ignores them.
    await plain.loadStateDict(saved);
    const fewer = new PartialFC({ classes: 39, dimensions, loss: other, seed: 2 });
    await expect(fewer.loadStateDict(saved)).rejects.toThrow('has 40 classes');
    expect(await stateOf(other)).toEqual(before);
    for (const one of [partialFC, resumed, plain, fewer]) one.dispose();
    for (const one of [loss, other]) one.statistics!.dispose();
  });
});

test('CurricularFace on one rank equals its own loss on the tape', async () => {
  await start('cpu');
  const [loss, direct] = [new CurricularFace({ scale: 16 }), new CurricularFace({ scale: 16 })];
  const centers = fill(classes * dimensions, 9);
  const partialFC = new PartialFC({
    classes,
    dimensions,
    loss,
    initialRow: (row, out) => out.set(centers.subarray(row * dimensions, (row + 1) * dimensions)),
    seed: 1,
  });
  const { labels, embeddings } = batchOf(1);
  const weight = tf.tensor2d(centers, [classes, dimensions]);
  const result = await partialFC.forwardBackward(embeddings, labels);
  const expected = lossOnTape(direct, embeddings, weight, labels);
  expect(relativeError(result.loss, expected.loss)).toBeLessThan(1e-5);
  expect(relativeError(result.embeddingGradient.dataSync(), expected.embeddings)).toBeLessThan(1e-5);
  expect(relativeError(result.gradientSquareSum, squareSum(expected.centers))).toBeLessThan(2e-5);
  tf.dispose([embeddings, weight, result.embeddingGradient]);
  partialFC.dispose();
  for (const { statistics } of [loss, direct]) statistics.dispose();
});
