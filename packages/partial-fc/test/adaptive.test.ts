/** Losses with statistics, and one that moves every column, over PartialFC: their published code's numbers, and state. */
import * as tf from '@tensorflow/tfjs-core';
import {
  AdaFace,
  CosFace,
  CurricularFace,
  type LabelMarginLoss,
  SphereFace,
} from '@unitsphere/margin-losses';
import { beforeEach, describe, expect, test } from 'vitest';
import { type GoldenTensor, readGolden, relativeError } from '../../../tools/golden/read.js';
import { backends, start } from '../../../tools/workspace/backends.js';
import { deviceStore, hostStore, PartialFC, RowSGD, type StoreFactory } from '../src/index.js';
import { fill, squareSum, taped } from './reference.js';

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
const made: [string, () => LabelMarginLoss][] = [
  ['AdaFace', () => new AdaFace({ scale: 16, tAlpha: 0.3 })],
  ['CurricularFace', () => new CurricularFace({ scale: 16, momentum: 0.3 })],
];

const stateOf = async (loss: LabelMarginLoss) =>
  [...(await loss.statistics!.stateDict())].map(([name, { data }]) => [name, data[0]] as const);

const [classes, dimensions, rows] = [40, 8, 6];
const headWith = (loss: LabelMarginLoss, store?: StoreFactory) =>
  new PartialFC({ classes, dimensions, loss, sampledClasses: 15, store, seed: 2 });
function batchOf(step: number) {
  const labels = Int32Array.from({ length: rows }, (_, i) => (i * 7 + step) % classes);
  return { labels, embeddings: tf.tensor2d(fill(rows * dimensions, step + 1, 10), [rows, dimensions]) };
}
async function run(head: PartialFC, from: number, to: number): Promise<number[]> {
  const losses: number[] = [];
  for (let step = from; step < to; step++) {
    const { labels, embeddings } = batchOf(step);
    const result = await head.forwardBackward(embeddings, labels);
    losses.push(result.loss);
    await head.step({ lr: 0.1 });
    tf.dispose([embeddings, result.embeddingGradient]);
  }
  return losses;
}

describe.each(backends)('%s', (backend) => {
  beforeEach(() => start(backend));

  test.each(cases.map((c) => [c.name, c] as const))('%s', async (_name, c) => {
    const [classes, dimensions] = c.classCenters.shape as [number, number];
    const first = c.classCenters.data as Float32Array;
    for (const gradient of ['exact', 'pass-through'] as const) {
      const loss: LabelMarginLoss = new LOSSES[c.loss as keyof typeof LOSSES]({ ...c.options, gradient });
      loss.statistics?.loadStateDict(new Map(Object.entries(c.state)));
      const head = new PartialFC({
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
        const result = await head.forwardBackward(batch, labels.data as Int32Array);
        await head.step({ lr: 0 });
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
      head.dispose();
      loss.statistics?.dispose();
    }
  });

  test.each(made)('%s: interclass filtering is that of the cosines before the loss', async (_name, make) => {
    // Against the tape, whose other columns are filtered beforehand.
    const [threshold, before] = [0.2, tf.memory().numTensors];
    const loss = make();
    const centers = fill(classes * dimensions, 5);
    const head = new PartialFC({
      classes,
      dimensions,
      loss,
      interclassFilteringThreshold: threshold,
      initialRow: (row, out) => out.set(centers.subarray(row * dimensions, (row + 1) * dimensions)),
      seed: 1,
    });
    const { labels, embeddings } = batchOf(3);
    const result = await head.forwardBackward(embeddings, labels);
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
    head.dispose();
    loss.statistics!.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test.each(made)('%s: what is dropped or fails leaves the statistics as they were', async (_name, make) => {
    const loss = make();
    const head = headWith(loss);
    await run(head, 0, 2);
    const was = await stateOf(loss);
    const { labels, embeddings } = batchOf(2);
    const first = await head.forwardBackward(embeddings, labels);
    expect(await stateOf(loss)).not.toEqual(was);
    head.discard();
    expect(await stateOf(loss)).toEqual(was);
    const values = embeddings.dataSync().slice();
    values[5] = Number.NaN;
    const broken = tf.tensor2d(values, embeddings.shape);
    await expect(head.forwardBackward(broken, labels)).rejects.toThrow('holds NaN at place 5');
    expect(await stateOf(loss)).toEqual(was);
    const again = await head.forwardBackward(embeddings, labels);
    expect(again.loss).toBe(first.loss);
    tf.dispose([embeddings, broken, first.embeddingGradient, again.embeddingGradient]);
    head.dispose();
    loss.statistics!.dispose();
  });

  test.each(made)('%s: a saved state goes on as if nothing had been', async (_name, make) => {
    const loss = make();
    const head = headWith(loss, deviceStore());
    await run(head, 0, 3);
    const saved = await head.stateDict();
    const names = [...saved.keys()].filter((name) => name.startsWith('loss.'));
    expect(names).toEqual([...(await loss.statistics!.stateDict()).keys()].map((name) => `loss.${name}`));
    const expected = await run(head, 3, 6);
    const other = make();
    const resumed = headWith(other, hostStore());
    await resumed.loadStateDict(saved);
    expect(await run(resumed, 3, 6)).toEqual(expected);
    expect(await stateOf(other)).toEqual(await stateOf(loss));

    const was = await stateOf(other);
    const plain = headWith(new CosFace());
    await expect(resumed.loadStateDict(await plain.stateDict())).rejects.toThrow(
      `the saved state has no '${was[0][0]}'; it is of another loss.`,
    );
    // A loss without statistics has no use for them.
    await plain.loadStateDict(saved);
    const fewer = new PartialFC({ classes: 39, dimensions, loss: other, seed: 2 });
    await expect(fewer.loadStateDict(saved)).rejects.toThrow('of 40 classes');
    expect(await stateOf(other)).toEqual(was);
    for (const one of [head, resumed, plain, fewer]) one.dispose();
    for (const one of [loss, other]) one.statistics!.dispose();
  });
});

test('CurricularFace on one rank is its own loss on the tape', async () => {
  await start('cpu');
  const [loss, direct] = [new CurricularFace({ scale: 16 }), new CurricularFace({ scale: 16 })];
  const centers = fill(classes * dimensions, 9);
  const head = new PartialFC({
    classes,
    dimensions,
    loss,
    initialRow: (row, out) => out.set(centers.subarray(row * dimensions, (row + 1) * dimensions)),
    seed: 1,
  });
  const { labels, embeddings } = batchOf(1);
  const weight = tf.tensor2d(centers, [classes, dimensions]);
  const result = await head.forwardBackward(embeddings, labels);
  const expected = taped(direct, embeddings, weight, labels);
  expect(relativeError(result.loss, expected.loss)).toBeLessThan(1e-5);
  expect(relativeError(result.embeddingGradient.dataSync(), expected.embeddings)).toBeLessThan(1e-5);
  expect(relativeError(result.gradientSquareSum, squareSum(expected.centers))).toBeLessThan(2e-5);
  tf.dispose([embeddings, weight, result.embeddingGradient]);
  head.dispose();
  for (const { statistics } of [loss, direct]) statistics.dispose();
});
