import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '@unitsphere/backends';
import { conv2d, depthwiseConv2d, matMul } from '@unitsphere/ops';
import { expect, test } from 'vitest';
import { computeBestTime } from '../src/profile/graphics-cards.js';
import { clockKernels } from '../src/profile/kernel-clock.js';
import { runProfile } from '../src/profile/run-profile.js';
import { print } from '../src/readme.js';
import { DEFAULT_WORKLOAD } from '../src/step/workload.js';

test('clocks calls, bytes and floating-point operations, and restores the kernels', async () => {
  await useBackend('wasm');
  const run = () => {
    const x = tf.ones<tf.Rank.R4>([2, 8, 8, 3]);
    matMul(tf.ones([5, 7]), tf.ones([5, 11]), true);
    depthwiseConv2d(conv2d(x, tf.ones([3, 3, 3, 4]), { stride: 2, padding: 1 }), tf.ones([3, 3, 4, 1]), {
      stride: 1,
      padding: 1,
    });
  };
  tf.tidy(run);
  const before = tf.getKernel('UnitsphereMatMul', 'wasm').kernelFunc;
  const clock = clockKernels('wasm');
  tf.tidy(run);
  tf.tidy(run);
  clock.stop();
  expect(tf.getKernel('UnitsphereMatMul', 'wasm').kernelFunc).toBe(before);
  tf.tidy(run);
  const of = (kernel: string) => clock.read().find((time) => time.kernel === kernel);
  expect(of('UnitsphereMatMul')).toMatchObject({
    calls: 2,
    flops: 2 * 2 * 7 * 11 * 5,
    bytes: 2 * 4 * (5 * 7 + 5 * 11 + 7 * 11),
  });
  expect(of('UnitsphereConv2d')).toMatchObject({ calls: 2, flops: 2 * 2 * (2 * 4 * 4 * 4) * 27 });
  expect(of('UnitsphereDepthwiseConv2d')).toMatchObject({ calls: 2, flops: 2 * 2 * (2 * 4 * 4 * 4) * 9 });
});

test('does not count the time of nested kernels for the calling kernel', async () => {
  await useBackend('wasm');
  const wait = (milliseconds: number) => {
    for (const end = performance.now() + milliseconds; performance.now() < end; );
  };
  const register = (kernelName: string, kernelFunc: tf.KernelFunc) =>
    tf.registerKernel({ kernelName, backendName: 'wasm', kernelFunc });
  register('Inner', ({ inputs }) => {
    wait(30);
    return tf.engine().runKernel('Identity', inputs as tf.NamedTensorMap) as tf.Tensor;
  });
  register('Outer', ({ inputs }) => tf.engine().runKernel('Inner', inputs as tf.NamedTensorMap) as tf.Tensor);
  const clock = clockKernels('wasm');
  tf.tidy(() => tf.engine().runKernel('Outer', { x: tf.scalar(1) }));
  clock.stop();
  const of = (kernel: string) => clock.read().find((time) => time.kernel === kernel)!.milliseconds;
  expect(of('Inner')).toBeGreaterThanOrEqual(30);
  expect(of('Outer')).toBeLessThan(30);
  for (const name of ['Inner', 'Outer']) tf.unregisterKernel(name, 'wasm');
});

test('accounts for the whole time of a step', async () => {
  const tiny = { ...DEFAULT_WORKLOAD, imageSize: 32, batch: 2, classes: 10, embedding: 8 };
  const outside = tf.memory().numTensors;
  const report = await runProfile(tiny, 'wasm', 3);
  expect(tf.memory().numTensors).toBe(outside);
  const { kernels, outsideMilliseconds, stepMilliseconds } = report;
  const names = kernels.map(({ kernel }) => kernel);
  for (const kernel of ['UnitsphereConv2d', 'UnitsphereConv2dBackpropFilter', 'UnitsphereAdamW']) {
    expect(names).toContain(kernel);
  }
  expect(outsideMilliseconds).toBeGreaterThan(0);
  const sum = kernels.reduce((total, { milliseconds }) => total + milliseconds, outsideMilliseconds);
  expect(sum).toBeGreaterThanOrEqual(stepMilliseconds.low);
  expect(sum).toBeLessThanOrEqual(stepMilliseconds.high);
  expect(print(report)).toContain('outside kernels');
});

test('computes the least time of a kernel on a card from its memory, arithmetic and launches', () => {
  const card = { bandwidth: 1e9, flops: 1e12 };
  expect(computeBestTime({ bytes: 2e6, flops: 1e9, dispatches: 3 }, card, 5)).toEqual({
    work: 2,
    launches: 0.015,
  });
  expect(computeBestTime({ bytes: 2e6, flops: 4e9, dispatches: 0 }, card, 5)).toEqual({
    work: 4,
    launches: 0,
  });
});
