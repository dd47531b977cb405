import * as tf from '@tensorflow/tfjs-core';
import { backends, start } from '@unitsphere/testing/backends';
import { type GoldenTensor, readGolden, relativeError } from '@unitsphere/testing/golden';
import { beforeAll, describe, expect, test } from 'vitest';
import { ArcFace, CombinedMargin, CosFace, type MarginLoss, NormalizedSoftmax } from '../src/index.js';
import { logitsGradient, rowsOf, throughCosines } from './reference.js';

interface Shard {
  firstClass: number;
  cosines: GoldenTensor;
  labels: GoldenTensor;
  logits: GoldenTensor;
  dCosines: GoldenTensor;
  dCosinesPassThrough: GoldenTensor | null;
}

interface GoldenLoss {
  name: string;
  group: string;
  margin: string;
  options: { scale: number; margin: number; m1: number; m2: number; m3: number };
  cosines: GoldenTensor;
  labels: GoldenTensor;
  logits: GoldenTensor;
  loss: number;
  lossOfPresentRows?: number;
  dCosines: GoldenTensor;
  dCosinesPassThrough: GoldenTensor | null;
  singular?: [number, number][];
  shards: Shard[];
  largestLogit: GoldenTensor;
  sumExp: GoldenTensor;
  embeddings: GoldenTensor;
  classCenters: GoldenTensor;
  dEmbeddings: GoldenTensor;
  dClassCenters: GoldenTensor;
}

const TOLERANCE = 1e-4;
const all = readGolden<GoldenLoss>('losses').cases;
const groups = (...names: string[]) =>
  all.filter((c) => names.includes(c.group)).map((c) => [c.name, c] as const);
const passes = ['exact', 'pass-through'] as const;

function make({ margin, options }: GoldenLoss, gradient: 'exact' | 'pass-through'): MarginLoss {
  switch (margin) {
    case 'softmax':
      return new NormalizedSoftmax({ ...options, gradient });
    case 'cosface':
      return new CosFace({ ...options, gradient });
    case 'arcface':
      return new ArcFace({ ...options, gradient });
    case 'arcface easy margin':
      return new ArcFace({ ...options, easyMargin: true, gradient });
    case 'arcface monotonic':
      return new ArcFace({ ...options, monotonic: true, gradient });
    case 'combined':
      return new CombinedMargin({ ...options, gradient });
    case 'combined insightface':
      return new CombinedMargin({ ...options, form: 'insightface', gradient });
    default:
      throw new Error(`The golden file has an unknown margin: ${margin}. Add a case to this test.`);
  }
}

const matrix = (t: GoldenTensor) => tf.tensor2d(t.data as Float32Array, t.shape as [number, number]);
const labelsOf = (t: { labels: GoldenTensor }) => t.labels.data as Int32Array;

function evaluate(loss: MarginLoss, cosines: tf.Tensor2D, labels: Int32Array) {
  return tf.tidy(() => {
    const { value, grad } = tf.valueAndGrad((c: tf.Tensor) => loss.loss(c as tf.Tensor2D, labels))(cosines);
    return { value: value.dataSync()[0], gradient: grad.dataSync() as Float32Array };
  });
}

/** Returns the file's gradient for a pass; without a separate pass-through gradient the exact one applies. */
const expectedGradient = (c: GoldenLoss | Shard, pass: string) =>
  (pass === 'exact' ? undefined : c.dCosinesPassThrough) ?? c.dCosines;

describe.each(backends)('%s', (backend) => {
  beforeAll(() => start(backend));

  test.each(groups('spread', 'trained', 'edge', 'past pi - margin', 'absent label'))('%s', (_name, c) => {
    tf.tidy(() => {
      const cosines = matrix(c.cosines);
      for (const pass of passes) {
        const loss = make(c, pass);
        expect(relativeError(loss.logits(cosines, labelsOf(c)).dataSync(), c.logits)).toBeLessThan(TOLERANCE);
        const { value, gradient } = evaluate(loss, cosines, labelsOf(c));
        expect(relativeError(value, c.lossOfPresentRows ?? c.loss)).toBeLessThan(TOLERANCE);
        const expected = expectedGradient(c, pass);
        expect(relativeError(gradient, expected), pass).toBeLessThan(TOLERANCE);
        // Also compare row by row, because a large gradient would hide the others. Rows below 1e-6 · scale are rounding.
        const classes = c.cosines.shape[1];
        labelsOf(c).forEach((_, row) => {
          const part = (values: ArrayLike<number>) =>
            Array.from(values).slice(row * classes, (row + 1) * classes);
          const wanted = part(expected.data);
          const size = Math.max(...wanted.map(Math.abs));
          if (size > 1e-6 * c.options.scale) {
            const rounding = (1e-6 * c.options.scale) / size;
            expect(relativeError(part(gradient), wanted), `${pass}, row ${row}`).toBeLessThan(
              TOLERANCE + rounding,
            );
          }
        });
      }
    });
  });

  test.each(groups('edge').filter(([, c]) => c.singular))(
    '%s: has the golden sign where the derivative has no limit',
    (_name, c) => {
      const { gradient } = tf.tidy(() => evaluate(make(c, 'exact'), matrix(c.cosines), labelsOf(c)));
      for (const [row, column] of c.singular!) {
        const place = row * c.cosines.shape[1] + column;
        expect(Number.isFinite(gradient[place])).toBe(true);
        // Adding 0 turns -0 into 0.
        expect(Math.sign(gradient[place]) + 0).toBe(Math.sign(c.dCosines.data[place]) + 0);
      }
    },
  );

  // The loss clamps only the label's cosine; the golden file clamps all of them, as insightface's PartialFC does.
  test.each(groups('beyond one'))('%s', (_name, c) => {
    tf.tidy(() => {
      const raw = c.cosines.data as Float32Array;
      const clamped = raw.map((v) => Math.min(1, Math.max(-1, v)));
      const classes = c.cosines.shape[1];
      for (const pass of passes) {
        const loss = make(c, pass);
        const expected = expectedGradient(c, pass).data;
        const direct = evaluate(loss, matrix(c.cosines), labelsOf(c));
        expect(relativeError(direct.value, c.loss)).toBeLessThan(TOLERANCE);
        labelsOf(c).forEach((label, row) => {
          const place = row * classes + label;
          if (Math.abs(raw[place]) > 1) expect(Math.abs(direct.gradient[place])).toBe(0);
          else expect(relativeError(direct.gradient[place], expected[place])).toBeLessThan(TOLERANCE);
        });
        const behindClamp = evaluate(loss, matrix({ ...c.cosines, data: clamped }), labelsOf(c)).gradient;
        const chained = behindClamp.map((g, i) => (Math.abs(raw[i]) > 1 ? 0 : g));
        expect(relativeError(chained, expected), pass).toBeLessThan(TOLERANCE);
      }
    });
  });

  test.each(groups('sharded'))('%s', (_name, c) => {
    tf.tidy(() => {
      const rows = c.labels.shape[0];
      for (const pass of passes) {
        for (const shard of c.shards) {
          const loss = make(c, pass);
          const cosines = matrix(shard.cosines);
          const logits = loss.logits(cosines, labelsOf(shard));
          expect(relativeError(logits.dataSync(), shard.logits)).toBeLessThan(TOLERANCE);
          // The softmax spans both shards, so its gradient is computed here.
          const classes = shard.cosines.shape[1];
          const dLogits = logits.dataSync().map((logit, i) => {
            const row = Math.floor(i / classes);
            const p = Math.exp(logit - c.largestLogit.data[row]) / c.sumExp.data[row];
            return (p - (i % classes === shard.labels.data[row] ? 1 : 0)) / rows;
          });
          const gradient = logitsGradient(
            loss,
            cosines,
            labelsOf(shard),
            tf.tensor2d(dLogits, [rows, classes]),
          );
          expect(relativeError(gradient, expectedGradient(shard, pass))).toBeLessThan(TOLERANCE);
        }
      }
    });
  });

  test.each(groups('end to end'))(
    '%s: matches the golden loss and the gradients of embeddings and class centers',
    (_name, c) => {
      tf.tidy(() => {
        const { value, gradient } = evaluate(make(c, 'exact'), matrix(c.cosines), labelsOf(c));
        expect(relativeError(value, c.loss)).toBeLessThan(TOLERANCE);
        const { dE, dW } = throughCosines(rowsOf(c.embeddings), rowsOf(c.classCenters), gradient);
        expect(relativeError(dE, c.dEmbeddings)).toBeLessThan(TOLERANCE);
        expect(relativeError(dW, c.dClassCenters)).toBeLessThan(TOLERANCE);
      });
    },
  );
});

test('tests every group of the golden file', () => {
  expect([...new Set(all.map((c) => c.group))].sort()).toEqual(
    [
      'absent label',
      'beyond one',
      'edge',
      'end to end',
      'past pi - margin',
      'sharded',
      'spread',
      'trained',
    ].sort(),
  );
});
