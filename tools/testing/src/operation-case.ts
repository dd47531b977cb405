/** Cases of operations and their values on a backend, for Node and browsers, without a test runner. */
import * as tf from '@tensorflow/tfjs-core';
import { read } from './read.js';
import { runInTidy } from './tidy.js';

/** An operation at given shapes of its named inputs. */
export interface OperationCase {
  name: string;
  /** Differentiable inputs, with values drawn from [low, high); by default [−1, 1). */
  inputs: { [name: string]: { shape: number[]; low?: number; high?: number } };
  /** An int32 input without a gradient. */
  ids?: { name: string; values: number[] };
  run(inputs: Record<string, tf.Tensor>): tf.Tensor;
  /** Returns the gradient, if it is defined by a straight-through estimator and so differs from finite differences. */
  straightThrough?: (upstream: Float32Array) => Float32Array;
}

/** Returns seeded values in [low, high). */
export function fill(count: number, seed: number, low = -1, high = 1): Float32Array {
  const values = new Float32Array(count);
  let state = (seed * 2654435761 + 12345) >>> 0;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = low + ((high - low) * state) / 4294967296;
  }
  return values;
}

/** Returns seeded values for every input of a case. */
export function drawInputs(c: OperationCase, seed = 1): Record<string, Float32Array> {
  const size = (shape: number[]) => shape.reduce((a, b) => a * b, 1);
  return Object.fromEntries(
    Object.entries(c.inputs).map(([name, { shape, low, high }], i) => [
      name,
      fill(size(shape), seed + i, low, high),
    ]),
  );
}

/** Computes a case's output on the current backend, and the gradients of sum(output · upstream) with respect to every input. */
export async function evaluate(c: OperationCase, values: Record<string, Float32Array>) {
  const names = Object.keys(c.inputs);
  const reading = runInTidy(() => {
    const tensors = names.map((name) => tf.tensor(values[name], c.inputs[name].shape));
    const ids: Record<string, tf.Tensor> = c.ids ? { [c.ids.name]: tf.tensor1d(c.ids.values, 'int32') } : {};
    const call = (...args: tf.Tensor[]) =>
      c.run({ ...Object.fromEntries(names.map((name, i) => [name, args[i]])), ...ids });
    const out = call(...tensors);
    const upstream = tf.tensor(fill(out.size, 99), out.shape);
    const grads = tf.grads(call)(tensors, upstream);
    return [out, upstream, ...grads].map(read);
  });
  const [out, upstream, ...gradients] = (await Promise.all(reading)) as [
    Float32Array,
    Float32Array,
    ...Float32Array[],
  ];
  return {
    out,
    upstream,
    grads: Object.fromEntries(names.map((name, i) => [name, gradients[i]])),
  };
}

/** Returns max |actual − expected| / max(|expected|, termSize). `termSize` is the size of terms that may cancel. */
export function relativeError(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  termSize = 1e-6,
): number {
  let difference = 0;
  let size = termSize;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i] - expected[i]));
    size = Math.max(size, Math.abs(expected[i]));
  }
  return Number.isNaN(difference) || actual.length !== expected.length
    ? Number.POSITIVE_INFINITY
    : difference / size;
}
