import * as tf from '@tensorflow/tfjs-core';
import { Random } from '@unitsphere/core';
import { everyBackend, on, read, start } from '@unitsphere/testing/backends';
import { type GoldenTensor, readGolden, relativeError } from '@unitsphere/testing/golden';
import { toStateDict } from '@unitsphere/testing/golden/module-pass';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  createDistillationLoss,
  type DistillationLoss,
  type DistillationLossName,
  listDistillationLosses,
  ProjectionHead,
} from '../src/index.js';

interface LossCase {
  name: string;
  loss: DistillationLossName;
  options: { temperature?: number; timesTemperatureSquared?: boolean; normalize?: boolean };
  student: GoldenTensor;
  teacher: GoldenTensor;
  value: number;
  dStudent: GoldenTensor;
}

interface ProjectedCase extends Pick<LossCase, 'name' | 'loss' | 'teacher' | 'value'> {
  embeddings: GoldenTensor;
  weight: GoldenTensor;
  dEmbeddings: GoldenTensor;
  dWeight: GoldenTensor;
}

const all = readGolden<LossCase & ProjectedCase>('distillation').cases;
const plain = all.filter((c) => c.student) as LossCase[];
const projected = all.filter((c) => c.embeddings) as ProjectedCase[];
const matrix = ({ data, shape }: GoldenTensor) =>
  tf.tensor2d(data as Float32Array, shape as [number, number]);

/** Computes the value and the gradient with respect to the student, on any backend. */
function evaluate(loss: DistillationLoss, student: tf.Tensor2D, teacher: tf.Tensor2D) {
  const { value, grad } = tf.valueAndGrad((s: tf.Tensor) => loss.loss(s as tf.Tensor2D, teacher))(student);
  return Promise.all([read(value), read(grad)]);
}

test('golden values exist for every loss', () => {
  expect(new Set(plain.map((c) => c.loss))).toEqual(new Set(listDistillationLosses()));
});

describe.each(everyBackend)('%s', (backend) => {
  beforeAll(() => start(backend));

  test.each(plain.map((c) => [c.name, c] as const))(
    "matches PyTorch's golden values: %s",
    async (_name, c) => {
      const before = tf.memory().numTensors;
      const loss = createDistillationLoss(c.loss, c.options as object);
      expect(loss.name).toBe(c.loss);
      const [value, gradient] = await on(backend, () => evaluate(loss, matrix(c.student), matrix(c.teacher)));
      // The divergence of similar distributions is a difference of logarithms, with an error of about 1e-6 in float32.
      const rounding = 1e-6 * (c.options.timesTemperatureSquared ? c.options.temperature! ** 2 : 1);
      expect(Math.abs(value[0] - c.value)).toBeLessThan(1e-4 * Math.abs(c.value) + rounding);
      expect(relativeError(gradient, c.dStudent)).toBeLessThan(1e-4);
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  test.each(listDistillationLosses())(
    '%s with center subtracts the mean of the teacher features',
    async (name) => {
      const before = tf.memory().numTensors;
      const random = new Random(3, name);
      const features = (offset: number) =>
        Float32Array.from({ length: 6 * 5 }, () => random.uniform(-1, 1) + offset);
      const [ofStudent, ofTeacher] = [features(0), features(4)];
      const run = (options: object, center: boolean) =>
        on(backend, () => {
          const teacher = tf.tensor2d(ofTeacher, [6, 5]);
          const seen = center ? tf.sub<tf.Tensor2D>(teacher, tf.mean(teacher, 0, true)) : teacher;
          return evaluate(createDistillationLoss(name, options), tf.tensor2d(ofStudent, [6, 5]), seen);
        });
      const [value, gradient] = await run({ center: true }, false);
      const [expected, expectedGradient] = await run({}, true);
      expect(value[0]).toBeCloseTo(expected[0], 6);
      for (const [i, one] of expectedGradient.entries()) expect(gradient[i]).toBeCloseTo(one, 6);
      const [raw] = await run({}, false);
      // A shift changes all losses except those of distances and angles.
      if (!name.startsWith('rkd')) expect(Math.abs(value[0] - raw[0])).toBeGreaterThan(1e-3);
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  test.each(projected.map((c) => [c.name, c] as const))(
    "matches PyTorch's golden values: %s",
    async (_name, c) => {
      const before = tf.memory().numTensors;
      const [width, studentWidth] = c.weight.shape as [number, number];
      const head = new ProjectionHead(studentWidth, width, { random: new Random(1) });
      head.loadStateDict(toStateDict({ weight: c.weight }));
      const loss = createDistillationLoss(c.loss);
      const [value, dEmbeddings, dWeight] = await on(backend, () => {
        const embeddings = matrix(c.embeddings);
        const gradient = tf.valueAndGrads((e: tf.Tensor, _w: tf.Tensor) =>
          loss.loss(head.forward(e as tf.Tensor2D), matrix(c.teacher)),
        )([embeddings, head.weight.variable]);
        return Promise.all([read(gradient.value), read(gradient.grads[0]), read(gradient.grads[1])]);
      });
      expect(Math.abs(value[0] - c.value)).toBeLessThan(1e-4 * c.value + 1e-6);
      expect(relativeError(dEmbeddings, c.dEmbeddings)).toBeLessThan(1e-4);
      expect(relativeError(dWeight, c.dWeight)).toBeLessThan(1e-4);
      head.dispose();
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  test.each(listDistillationLosses())('the gradient of %s matches central differences', async (name) => {
    const loss = createDistillationLoss(name);
    const random = new Random(5, name);
    const shape: [number, number] = [5, 6];
    const draw = () => Float32Array.from({ length: 30 }, () => random.normal());
    const student = draw();
    const teacher = draw();
    const valueAt = async (values: Float32Array) =>
      (await on(backend, () => read(loss.loss(tf.tensor2d(values, shape), tf.tensor2d(teacher, shape)))))[0];
    const [, gradient] = await on(backend, () =>
      evaluate(loss, tf.tensor2d(student, shape), tf.tensor2d(teacher, shape)),
    );
    const largest = Math.max(...gradient.map(Math.abs));
    // Derivatives along random directions are large compared to float32's rounding errors; partial ones are not.
    for (let i = 0; i < 4; i++) {
      const direction = draw();
      const step = 0.01;
      const moved = (by: number) => student.map((v, at) => v + by * direction[at]);
      const slope = ((await valueAt(moved(step))) - (await valueAt(moved(-step)))) / (2 * step);
      const expected = gradient.reduce((sum, g, at) => sum + g * direction[at], 0);
      expect(Math.abs(slope - expected)).toBeLessThan(0.02 * largest + 2e-5);
    }
  });

  test.each(listDistillationLosses())('%s is smaller if the student equals the teacher', async (name) => {
    const loss = createDistillationLoss(name);
    const random = new Random(6, name);
    const draw = () => Float32Array.from({ length: 48 }, () => random.normal());
    const [teacher, other] = [draw(), draw()];
    const [same, different] = await on(backend, () => {
      const t = tf.tensor2d(teacher, [6, 8]);
      return Promise.all([read(loss.loss(t, t)), read(loss.loss(tf.tensor2d(other, [6, 8]), t))]);
    });
    expect(same[0]).toBeLessThan(different[0]);
    if (name !== 'contrastive') expect(Math.abs(same[0])).toBeLessThan(1e-5);
  });

  test.each(listDistillationLosses())('%s is finite for zero and equal features', async (name) => {
    const loss = createDistillationLoss(name);
    const [value, gradient] = await on(backend, () => {
      const teacher = tf.tensor2d(Float32Array.from(new Random(7).permutation(12)), [4, 3]);
      const student = tf.tensor2d([0, 0, 0, 1, 2, 3, 1, 2, 3, 4, 1, 0], [4, 3]);
      return evaluate(loss, student, teacher);
    });
    expect(Number.isFinite(value[0])).toBe(true);
    // The zero row has no direction. The gradients of all other rows must not be large.
    const rows = name.startsWith('rkd') || name === 'mse' ? [0, 1, 2, 3] : [1, 2, 3];
    for (const row of rows)
      for (const g of gradient.subarray(3 * row, 3 * row + 3)) expect(Math.abs(g)).toBeLessThan(100);
  });
});

test('the gradient of reference is much smaller than that of kl', async () => {
  const random = new Random(8);
  const draw = () => Float32Array.from({ length: 16 * 512 }, () => random.normal());
  const [student, teacher] = [draw(), draw()];
  const norms: number[] = [];
  for (const loss of [
    createDistillationLoss('reference'),
    createDistillationLoss('kl', { temperature: 0.05 }),
  ]) {
    const [, gradient] = await on('cpu', () =>
      evaluate(loss, tf.tensor2d(student, [16, 512]), tf.tensor2d(teacher, [16, 512])),
    );
    norms.push(Math.hypot(...gradient));
  }
  expect(norms[0] * 50).toBeLessThan(norms[1]);
});

describe('refuses', () => {
  beforeAll(() => start('cpu'));
  const withTensors = (fn: (a: tf.Tensor2D, b: tf.Tensor2D) => tf.Tensor, a: number[], b: number[]) => () =>
    tf.tidy(() => fn(tf.zeros<tf.Rank>(a) as tf.Tensor2D, tf.zeros<tf.Rank>(b) as tf.Tensor2D));

  test('unknown names and options', () => {
    expect(() => createDistillationLoss('hinton' as 'kl')).toThrow(/there is no loss "hinton".*contrastive/);
    expect(() => createDistillationLoss('kl', { temprature: 2 } as object)).toThrow(
      /no option "temprature"; its options are temperature, timesTemperatureSquared/,
    );
    expect(() => createDistillationLoss('cosine', { temperature: 2 } as never)).toThrow(/it has none/);
    expect(() => createDistillationLoss('kl', { temperature: 0 })).toThrow(RangeError);
    expect(() => createDistillationLoss('contrastive', { temperature: Number.NaN })).toThrow(RangeError);
  });

  test.each(listDistillationLosses())('wrong ranks, dtypes and batch sizes: %s', (name) => {
    const loss = createDistillationLoss(name);
    const apply = (a: tf.Tensor2D, b: tf.Tensor2D) => loss.loss(a, b);
    expect(withTensors(apply, [4, 3], [4])).toThrow(/teacher's features must be float32 \[batch, width\]/);
    expect(withTensors(apply, [4, 3], [5, 3])).toThrow(/of 4 images and the teacher of 5/);
    expect(withTensors((a, b) => loss.loss(tf.cast(a, 'int32'), b), [4, 3], [4, 3])).toThrow(TypeError);
    const other = withTensors(apply, [4, 3], [4, 5]);
    if (loss.sameWidth) expect(other).toThrow(/ProjectionHead\(3, 5\)/);
    else expect(other).not.toThrow();
  });

  test.each([
    ['similarity', 1],
    ['rkd-distance', 1],
    ['rkd-angle', 2],
    ['contrastive', 1],
  ] as const)('too small a batch: %s', (name, batch) => {
    const loss = createDistillationLoss(name);
    expect(withTensors((a, b) => loss.loss(a, b), [batch, 3], [batch, 3])).toThrow(/requires at least/);
  });

  test('a projection head of width 0', () => {
    expect(() => new ProjectionHead(0, 4, { random: new Random(1) })).toThrow(
      /studentWidth must be a positive/,
    );
  });
});

test('a projection head has the keys of torch.nn.Linear', async () => {
  await start('cpu');
  const head = new ProjectionHead(3, 5, { bias: true, random: new Random(1) });
  const state = await head.stateDict();
  expect([...state].map(([key, { shape }]) => [key, shape])).toEqual([
    ['weight', [5, 3]],
    ['bias', [5]],
  ]);
  head.dispose();
});
