/** Products below float32: the same roundings on every backend, or finer ones where that is told. */
import * as tf from '@tensorflow/tfjs-core';
import * as ops from '@unitsphere/ops';
import { fill } from '../../../ops/test/contract-cases.js';
import type { AgreementCheck, Values } from '../check.js';
import { readAll } from '../read-all.js';

const HALVES = {
  on: ['webgpu'],
  to: { tolerance: 2e-2, why: "half floats, where a device has them, are finer than cpu's bfloat16" },
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
    async compute() {
      let values!: Promise<Values>;
      tf.tidy(() => {
        const inputs = shapes.map((shape, i) => tf.tensor(fill(tf.util.sizeFromShape(shape), i + 1), shape));
        const call = (...of: tf.Tensor[]) => within(() => run(...(of as never[])));
        const output = call(...inputs);
        const upstream = tf.tensor(fill(output.size, 99), output.shape);
        const gradients = tf.grads(call)(inputs, upstream);
        const named = gradients.map((gradient, i) => [`gradient of input ${i}`, gradient]);
        values = readAll({ output, ...Object.fromEntries(named) });
      });
      return values;
    },
  };
}

/** A precision for each kind of product, and a policy with rounded results. */
export const precisionChecks: AgreementCheck[] = [
  ...(['high', 'medium'] as const).flatMap((precision) =>
    Object.entries(products).map(([name, product]) =>
      check(
        'setFloat32MatmulPrecision',
        `${precision}, ${name}`,
        product,
        (fn) => {
          const before = ops.getFloat32MatmulPrecision();
          ops.setFloat32MatmulPrecision(precision);
          try {
            return fn();
          } finally {
            ops.setFloat32MatmulPrecision(before);
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
