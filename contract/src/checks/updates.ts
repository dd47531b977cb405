/** Operations without a gradient: updates of variables, and the halves of a loss. */
import * as tf from '@tensorflow/tfjs-core';
import * as ops from '@unitsphere/ops';
import { fill } from '@unitsphere/testing/operation-case';
import type { AgreementCheck } from '../check.js';
import { readFromTidy } from '../read-all.js';

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const tensor = (shape: number[], seed: number, low = -1, high = 1) =>
  tf.tensor(fill(sizeOf(shape), seed, low, high), shape);

function operation(
  subject: string,
  variant: string,
  compute: () => Record<string, tf.Tensor>,
): AgreementCheck {
  return {
    group: 'operations',
    subject,
    name: [subject, variant].filter(Boolean).join(' '),
    compute: () => readFromTidy(compute),
  };
}

/** Checks an operation that updates variables. */
function update(
  subject: string,
  variant: string,
  shapes: Record<string, { shape: number[]; low?: number }>,
  step: (variables: tf.Variable[]) => void,
): AgreementCheck {
  return operation(subject, variant, () => {
    const variables = Object.values(shapes).map(({ shape, low }, i) =>
      tf.variable(tensor(shape, i + 1, low)),
    );
    step(variables);
    const changed = Object.keys(shapes).map((name, i) => [name, tf.clone(variables[i])]);
    tf.dispose(variables);
    return Object.fromEntries(changed);
  });
}

const adamW = { lr: 0.1, beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0.1, gradientScale: 0.5 };
const sgd = { lr: 0.1, momentum: 0.9, dampening: 0.1, nesterov: false, weightDecay: 0.01, gradientScale: 2 };
const momenta = (shape: number[]) => ({
  parameter: { shape },
  'mean of gradients': { shape },
  'mean of squares': { shape, low: 0 },
});
const table = [9, 7];
const rows = () => tf.tensor1d([6, 0, 3], 'int32');
const steps = Int32Array.of(1, 4, 50);

/** Creates inputs of a margin softmax: unit rows, centers of any length, a label of another rank. */
function createSoftmaxInputs() {
  const embeddings = ops.l2Normalize(tensor([6, 20], 1) as tf.Tensor2D);
  const centers = tensor([37, 20], 2) as tf.Tensor2D;
  return { embeddings, centers, labels: tf.tensor1d([3, 36, 0, 3, -1, 17], 'int32') };
}
const softmax = { scale: 32, filterThreshold: 0.4 };

/** Transfers of values into and out of the backend's memory. */
const transfers: AgreementCheck[] = [
  operation('writeTensors', '', () => {
    const written = ops.writeTensors([[3, 5], [7]], (values) => {
      for (const [i, array] of values.entries()) array.set(fill(array.length, i + 1));
    });
    const [matrix, vector] = written.map((tensor) => tf.mul(tensor, 3));
    return { matrix, vector };
  }),
  operation('normalizeImages', '', () => ({
    images: ops.normalizeImages(
      Uint8Array.from({ length: 2 * 5 * 3 * 3 }, (_, i) => (i * 89) % 256),
      [5, 3],
      { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    ),
  })),
  {
    group: 'operations',
    subject: 'readTensors',
    name: 'readTensors',
    async compute() {
      const tensors = tf.tidy(() => [tf.mul(tensor([3, 5], 1), 3), tf.add(tensor([7], 2), 1)]);
      try {
        return await ops.readTensors(tensors, ([matrix, vector]) => ({
          matrix: matrix.slice(),
          vector: vector.slice(),
        }));
      } finally {
        tf.dispose(tensors);
      }
    },
  },
];

/** Every operation without a gradient, at one or two shapes. */
export const updateChecks: AgreementCheck[] = [
  ...transfers,
  ...[[67], [5, 13]].flatMap((shape) => [
    update('adamWUpdate', `of ${shape}`, momenta(shape), ([p, mean, square]) =>
      ops.adamWUpdate(p, tensor(shape, 9), mean, square, { ...adamW, step: 3 }),
    ),
    update(
      'adamWUpdateEach',
      `with ${shape}`,
      Object.fromEntries(
        [shape, [3], [], shape, [40, 8]].flatMap((one, i) =>
          Object.entries(momenta(one)).map(([name, value]) => [`${name} ${i}`, value]),
        ),
      ),
      (variables) =>
        ops.adamWUpdateEach(
          [0, 1, 2, 3, 4].map((i) => {
            const [parameter, expAvg, expAvgSq] = variables.slice(3 * i);
            const gradient = tensor(parameter.shape, 9 + i);
            const step = { ...adamW, lr: 0.1 / (1 + i), weightDecay: 0.1 * (i % 2), step: 1 + i };
            return { parameter, gradient, expAvg, expAvgSq, step };
          }),
        ),
    ),
    update('sgdUpdate', `of ${shape}`, { parameter: { shape }, buffer: { shape } }, ([p, buffer]) =>
      ops.sgdUpdate(p, tensor(shape, 9), buffer, { ...sgd, step: 2 }),
    ),
    update('updateMovingAverage', `of ${shape}`, { average: { shape } }, ([average]) =>
      ops.updateMovingAverage(average, tensor(shape, 9), 0.3, 1.5),
    ),
    operation('sumSquares', `of ${shape}`, () => ({ output: ops.sumSquares(tensor(shape, 1)) })),
    operation('sumSquaresOfEach', `with ${shape}`, () => ({
      output: ops.sumSquaresOfEach([tensor(shape, 1), tensor([3], 2), tensor(shape, 3), tensor([], 4)]),
    })),
    update(
      'updateRunningStatistics',
      `of ${shape}`,
      { mean: { shape }, variance: { shape } },
      ([mean, variance]) =>
        ops.updateRunningStatistics(
          { mean, variance },
          { mean: tensor(shape, 9), variance: tensor(shape, 10) },
          0.3,
          1.5,
        ),
    ),
    operation('packBfloat16', `of ${shape}`, () => ({ output: ops.packBfloat16(tensor(shape, 1)) })),
    operation('unpackBfloat16', `of ${shape}`, () => ({
      output: ops.unpackBfloat16(ops.packBfloat16(tensor(shape, 1)), shape),
    })),
    operation('countNonFinite', `of ${shape}`, () => ({
      // e^88.7 exceeds the range of float32.
      output: ops.countNonFinite(tf.exp(tensor(shape, 1, 60, 120))),
    })),
  ]),
  // Small maps and large ones have kernels of their own.
  ...[60, 2100].flatMap((rows) =>
    [5, 16].flatMap((channels) => {
      const running = { mean: { shape: [channels] }, variance: { shape: [channels], low: 0 } };
      const train = (...[mean, variance]: tf.Variable[]) => ({
        x: tensor([rows, channels], 9) as tf.Tensor2D,
        gamma: tensor([channels], 10) as tf.Tensor1D,
        beta: tensor([channels], 11) as tf.Tensor1D,
        running: { mean, variance, momentum: 0.3 },
      });
      const variant = `running averages of ${rows} rows, ${channels} channels`;
      return [
        update('batchNormTrain', variant, running, (variables) => {
          const { x, gamma, beta, running } = train(...variables);
          ops.batchNormTrain(x, gamma, beta, { running });
        }),
        update('batchNormPreluTrain', variant, running, (variables) => {
          const { x, gamma, beta, running } = train(...variables);
          ops.batchNormPreluTrain(x, gamma, beta, tensor([channels], 12) as tf.Tensor1D, { running });
        }),
      ];
    }),
  ),
  update('adamWUpdateRows', '', momenta(table), ([p, mean, square]) =>
    ops.adamWUpdateRows(p, mean, square, rows(), tensor([3, 7], 9) as tf.Tensor2D, { ...adamW, steps }),
  ),
  update('sgdUpdateRows', '', { parameter: { shape: table }, buffer: { shape: table } }, ([p, buffer]) =>
    ops.sgdUpdateRows(p, buffer, rows(), tensor([3, 7], 9) as tf.Tensor2D, { ...sgd, steps }),
  ),
  update('assignRows', '', { table: { shape: table } }, ([t]) =>
    ops.assignRows(t, rows(), tensor([3, 7], 9) as tf.Tensor2D),
  ),
  operation('l2NormalizeGradient', '', () => ({
    output: ops.l2NormalizeGradient(tensor([5, 9], 1) as tf.Tensor2D, tensor([5, 9], 2) as tf.Tensor2D),
  })),
  operation('marginSoftmaxForward', '', () => {
    const { embeddings, centers, labels } = createSoftmaxInputs();
    return { ...ops.marginSoftmaxForward(embeddings, centers, labels, softmax) };
  }),
  operation('marginSoftmaxBackward', '', () => {
    const inputs = createSoftmaxInputs();
    const lengths = tf.norm(inputs.centers, 2, 1);
    return {
      ...ops.marginSoftmaxBackward(
        {
          ...inputs,
          inverseNorms: tf.div(1, lengths) as tf.Tensor1D,
          // Slightly above the largest logit, so that no probability exceeds 1.
          logSumExp: tensor([6], 3, 20, 24) as tf.Tensor1D,
          ownGradient: tensor([6], 4, -4, 0) as tf.Tensor1D,
        },
        { ...softmax, rows: 6 },
      ),
    };
  }),
];
