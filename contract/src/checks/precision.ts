/** Products below float32: every backend rounds alike, or more finely where `coarse` says so. */
import * as tf from '@tensorflow/tfjs-core';
import * as ops from '@unitsphere/ops';
import { fill } from '@unitsphere/testing/operation-case';
import type { AgreementCheck } from '../check.js';
import { readFromTidy } from '../read-all.js';

const HALVES = {
  on: ['webgpu'],
  to: { tolerance: 2e-2, why: "half floats, if the device has them, are more precise than cpu's bfloat16" },
};

const products: { [name: string]: { shapes: number[][]; run: (...inputs: never[]) => tf.Tensor } } = {
  matMul: {
    shapes: [
      [7, 300],
      [300, 9],
    ],
    run: (a: tf.Tensor2D, b: tf.Tensor2D) => ops.matMul(a, b),
  },
  'conv2d 1x1': {
    shapes: [
      [2, 5, 3, 8],
      [1, 1, 8, 12],
    ],
    run: (x: tf.Tensor4D, filter: tf.Tensor4D) => ops.conv2d(x, filter, { stride: 1, padding: 0 }),
  },
  'conv2d 3x3': {
    shapes: [
      [2, 7, 6, 5],
      [3, 3, 5, 8],
    ],
    run: (x: tf.Tensor4D, filter: tf.Tensor4D) => ops.conv2d(x, filter, { stride: 2, padding: 1 }),
  },
  selfAttention: {
    shapes: [[2, 5, 18]],
    run: (qkv: tf.Tensor3D) => ops.selfAttention(qkv, 2),
  },
};

function check(
  subject: string,
  name: string,
  { shapes, run }: (typeof products)[string],
  within: <T>(fn: () => T) => T,
  coarse?: AgreementCheck['coarse'],
): AgreementCheck {
  return {
    group: 'operations',
    subject,
    name: `${subject} ${name}`,
    coarse,
    compute: () =>
      readFromTidy(() => {
        const inputs = shapes.map((shape, i) => tf.tensor(fill(tf.util.sizeFromShape(shape), i + 1), shape));
        const call = (...tensors: tf.Tensor[]) => within(() => run(...(tensors as never[])));
        const output = call(...inputs);
        const upstream = tf.tensor(fill(output.size, 99), output.shape);
        const gradients = tf.grads(call)(inputs, upstream);
        const named = gradients.map((gradient, i) => [`gradient of input ${i}`, gradient]);
        return { output, ...Object.fromEntries(named) };
      }),
  };
}

/** Every kind of product at each precision, and a policy that rounds results. */
export const precisionChecks: AgreementCheck[] = [
  ...(['high', 'medium'] as const).flatMap((precision) =>
    Object.entries(products).map(([name, product]) =>
      check(
        'setFloat32MatmulPrecision',
        `${precision}, ${name}`,
        product,
        (fn) => {
          const previous = ops.getFloat32MatmulPrecision();
          ops.setFloat32MatmulPrecision(precision);
          try {
            return fn();
          } finally {
            ops.setFloat32MatmulPrecision(previous);
          }
        },
        precision === 'medium' ? HALVES : undefined,
      ),
    ),
  ),
  check(
    'withProductPolicy',
    'medium for matMul, results rounded',
    products['matMul'],
    (fn) => ops.withProductPolicy({ precisions: { matMul: 'medium' }, roundOutputs: true }, fn),
    HALVES,
  ),
];
