/** Tests that a small network reaches the same loss in mixed precision as in float32, with real and emulated arithmetic. */
import '@unitsphere/core/gradients';
import * as tf from '@tensorflow/tfjs-core';
import { forwardAndPullback } from '@unitsphere/core';
import * as ops from '@unitsphere/ops';
import { AdamW, polynomialSchedule } from '@unitsphere/optimizers';
import { everyBackend, start } from '@unitsphere/testing/backends';
import { fill } from '@unitsphere/testing/operation-case';
import { expect, test } from 'vitest';
import { autocast, bfloat16SavedTensors, GradScaler } from '../src/index.js';

const STEPS = 180;
const LEARNING_RATE = 8e-3;
const [BATCH, SIDE, CLASSES, WIDTH] = [16, 8, 8, 16];
/** Number of last steps whose mean loss is compared. */
const LAST = 20;

function* parameters() {
  const shapes = [[3, 3, 3, WIDTH], [WIDTH], [WIDTH], [1, 1, WIDTH, 32], [32], [32], [24, 32], [CLASSES, 24]];
  for (const [i, shape] of shapes.entries()) {
    const values = fill(
      tf.util.sizeFromShape(shape),
      i + 1,
      shape.length === 1 ? 0.9 : -0.3,
      shape.length === 1 ? 1.1 : 0.3,
    );
    yield { variable: tf.tidy(() => tf.variable(tf.tensor(values, shape))), weightDecay: shape.length > 1 };
  }
}

/** Creates a batch in which each class is a pattern with noise. */
function batchOf(step: number): { x: tf.Tensor4D; labels: tf.Tensor1D } {
  const size = SIDE * SIDE * 3;
  const noise = fill(BATCH * size, 1000 + step, -1.2, 1.2);
  const labels = Int32Array.from({ length: BATCH }, (_, i) => (i * 5 + step) % CLASSES);
  labels.forEach((label, i) => {
    fill(size, 100 + label).forEach((value, at) => {
      noise[i * size + at] += value;
    });
  });
  return { x: tf.tensor4d(noise, [BATCH, SIDE, SIDE, 3]), labels: tf.tensor1d(labels, 'int32') };
}

/** Trains the network and returns the mean loss of the last steps. */
async function train(mixed: boolean): Promise<number> {
  const all = [...parameters()];
  const [stem, gamma1, beta1, point, gamma2, beta2, dense, centers] = all.map(
    ({ variable }) => variable as tf.Tensor,
  );
  const forward = (x: tf.Tensor4D) => {
    const first = ops.conv2d(x, stem as tf.Tensor4D, { stride: 1, padding: 1 });
    const norm = (x: tf.Tensor4D, gamma: tf.Tensor, beta: tf.Tensor) =>
      ops.batchNormTrain(x, gamma as tf.Tensor1D, beta as tf.Tensor1D, { activation: 'hard_swish' }).y;
    const second = ops.conv2d(norm(first, gamma1, beta1), point as tf.Tensor4D, { stride: 1, padding: 0 });
    const features = ops.globalAveragePool(norm(second, gamma2, beta2));
    return ops.cosineLogits(ops.linear(features, dense as tf.Tensor2D), centers as tf.Tensor2D);
  };
  const optimizer = new AdamW(all, { lr: LEARNING_RATE });
  const scaler = new GradScaler({ growthInterval: 30 });
  const options = mixed ? { savedTensorsHooks: bfloat16SavedTensors({ minimumSize: 0 }) } : {};
  const schedule = polynomialSchedule({ totalSteps: STEPS, warmupSteps: 18 });
  const losses: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const { x, labels } = batchOf(step);
    const lossOf = () => {
      const cosines = mixed ? autocast({}, () => forward(x)) : forward(x);
      const probabilities = tf.logSoftmax(tf.mul(cosines, 16) as tf.Tensor2D);
      const loss = tf.neg(tf.sum(tf.mul(probabilities, tf.oneHot(labels, CLASSES)))) as tf.Scalar;
      return scaler.scale(loss);
    };
    const { value, pullback } = forwardAndPullback(lossOf, all as never, options);
    const gradients = pullback();
    losses.push((await value.data())[0] / scaler.getScale() / BATCH);
    optimizer.lr = LEARNING_RATE * schedule(step);
    await scaler.step(optimizer, gradients);
    await scaler.update();
    tf.dispose([value, x, labels, ...gradients.flatMap((gradient) => gradient ?? [])]);
  }
  optimizer.dispose();
  tf.dispose(all.map(({ variable }) => variable));
  // The scale doubles six times without overflow: no value is near the limits of float32.
  expect(scaler.skippedSteps).toBe(0);
  const last = losses.slice(-LAST).reduce((sum, loss) => sum + loss, 0) / LAST;
  expect(last).toBeLessThan(0.2 * losses[0]);
  return last;
}

test.each(everyBackend.filter((name) => name !== 'cpu'))(
  '%s: mixed precision reaches the float32 loss in 180 steps',
  { timeout: 300_000 },
  async (backend) => {
    await start(backend);
    const before = tf.memory().numTensors;
    const [plain, mixed] = [await train(false), await train(true)];
    expect(mixed).not.toBe(plain);
    expect(Math.abs(mixed / plain - 1)).toBeLessThan(0.02);
    expect(tf.memory().numTensors).toBe(before);
  },
);
