/** PartialFC with several centers per class. */
import * as tf from '@tensorflow/tfjs-core';
import { ArcFace, SubCenterArcFace } from '@unitsphere/margin-losses';
import { start } from '@unitsphere/testing/backends';
import { beforeAll, expect, test } from 'vitest';
import { enrollmentBank, PartialFC, type PartialFCOptions } from '../src/index.js';
import { fill, lossOnTape, relativeError } from './reference.js';

beforeAll(() => start('wasm'));

const [classes, dimensions, rows, subCenters] = [7, 8, 12, 3];
const labels = Int32Array.from({ length: rows }, (_, i) => (i * 5) % classes);
const centers = fill(classes * subCenters * dimensions, 3);
const width = subCenters * dimensions;

const createWith = (options: Partial<PartialFCOptions> = {}) =>
  new PartialFC({
    classes,
    dimensions,
    loss: new SubCenterArcFace({ scale: 12, margin: 0.3, subCenters }),
    initialRow: (row, out) => out.set(centers.subarray(row * width, (row + 1) * width)),
    seed: 1,
    ...options,
  });
const createBatch = () => tf.tensor2d(fill(rows * dimensions, 8, 3), [rows, dimensions]);

/** Reads the sub-centers, [classes · subCenters, dimensions]. */
const centersOf = ({ store }: PartialFC) => store.readCenters(0, classes);

test('equals the loss of all cosines on the tape', async () => {
  const before = tf.memory().numTensors;
  const partialFC = createWith();
  const embeddings = createBatch();
  const { loss, embeddingGradient, gradientSquareSum } = await partialFC.forwardBackward(embeddings, labels);
  const matrix = tf.tensor2d(centers, [classes * subCenters, dimensions]);
  const expected = lossOnTape(
    new SubCenterArcFace({ scale: 12, margin: 0.3, subCenters }),
    embeddings,
    matrix,
    labels,
  );
  expect(loss).toBeCloseTo(expected.loss, 5);
  expect(relativeError(embeddingGradient.dataSync(), expected.embeddings)).toBeLessThan(1e-5);
  const squares = expected.centers.reduce((sum, value) => sum + value * value, 0);
  expect(gradientSquareSum / squares).toBeCloseTo(1, 5);
  await partialFC.step({ lr: 0.1 });
  expect(relativeError(await centersOf(partialFC), centers)).toBeGreaterThan(1e-3);
  tf.dispose([embeddings, embeddingGradient, matrix]);
  partialFC.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

test('moves the nearest sub-center of a class only', async () => {
  const partialFC = createWith();
  const embedding = tf.tensor2d(centers.slice(width + dimensions, width + 2 * dimensions), [1, dimensions]);
  const { embeddingGradient } = await partialFC.forwardBackward(embedding, Int32Array.of(1));
  await partialFC.step({ lr: 0.1 });
  const after = await centersOf(partialFC);
  const moved = (k: number) =>
    relativeError(
      after.subarray(width + k * dimensions, width + (k + 1) * dimensions),
      centers.subarray(width + k * dimensions, width + (k + 1) * dimensions),
    );
  // AdamW's decay shrinks every sampled center a little.
  expect([moved(0), moved(2)].every((change) => change < 0.02)).toBe(true);
  expect(moved(1)).toBeGreaterThan(0.05);
  tf.dispose([embedding, embeddingGradient]);
  partialFC.dispose();
});

test('one sub-center is ArcFace, and a saved state restores all of them', async () => {
  const embeddings = createBatch();
  const rowOf = (row: number, out: Float32Array) =>
    out.set(centers.subarray(row * width, row * width + dimensions));
  const lossOf = async (loss: PartialFCOptions['loss']) => {
    const partialFC = createWith({ loss, initialRow: rowOf });
    const { loss: value, embeddingGradient } = await partialFC.forwardBackward(embeddings, labels);
    embeddingGradient.dispose();
    partialFC.dispose();
    return value;
  };
  const one = await lossOf(new SubCenterArcFace({ scale: 12, margin: 0.3, subCenters: 1 }));
  expect(one).toBe(await lossOf(new ArcFace({ scale: 12, margin: 0.3 })));

  const [first, second] = [createWith(), createWith({ initialRow: (_, out) => out.fill(1) })];
  await second.loadStateDict(await first.stateDict());
  expect(await centersOf(second)).toEqual(centers);
  embeddings.dispose();
  first.dispose();
  second.dispose();
});

test('refuses centers of one per class, and an enrollment bank', async () => {
  const partialFC = createWith();
  await expect(partialFC.setCenters(Int32Array.of(0), new Float32Array(dimensions))).rejects.toThrow(
    `PartialFC: setCenters got ${dimensions} values for 1 classes of ${width} dimensions.`,
  );
  await expect(enrollmentBank(partialFC)).rejects.toThrow('each class has 3 sub-centers');
  partialFC.dispose();
});
