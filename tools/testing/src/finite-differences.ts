import * as tf from '@tensorflow/tfjs-core';
import { evaluate, type OperationCase } from './operation-case.js';

/**
 * Compares the gradients of a case with finite differences, at a few places of each input. It runs on the current backend,
 * which must support synchronous reads.
 * @returns The error at each place, relative to the gradient's largest value.
 */
export async function finiteDifferences(
  c: OperationCase,
  values: Record<string, Float32Array>,
): Promise<{ place: string; error: number }[]> {
  const { grads, upstream } = await evaluate(c, values);
  if (c.straightThrough) {
    const expected = c.straightThrough(upstream);
    return Object.entries(grads).flatMap(([name, gradient]) =>
      Array.from(gradient, (value, place) => ({
        place: `${name}[${place}]`,
        error: Math.abs(value - expected[place]),
      })),
    );
  }
  const objective = (v: Record<string, Float32Array>) => {
    const out = forward(c, v);
    let sum = 0;
    for (let i = 0; i < out.length; i++) sum += out[i] * upstream[i];
    return sum;
  };
  return Object.entries(grads).flatMap(([name, gradient]) => {
    // Three steps that suit float32; the best one counts, since a step may cross a kink.
    const size = Math.max(...gradient.map(Math.abs), 1e-3);
    const places = new Set([0, gradient.length - 1, gradient.length >> 1, Math.floor(gradient.length / 3)]);
    return [...places].map((place) => {
      const original = values[name][place];
      const at = (x: number) => {
        const moved = { ...values, [name]: values[name].slice() };
        moved[name][place] = x;
        return objective(moved);
      };
      const errors = [8e-3, 2e-3, 5e-4].map((step) => {
        const h = step * Math.max(1, Math.abs(original));
        return Math.abs((at(original + h) - at(original - h)) / (2 * h) - gradient[place]) / size;
      });
      return { place: `${name}[${place}]`, error: Math.min(...errors) };
    });
  });
}

function forward(c: OperationCase, values: Record<string, Float32Array>): Float32Array {
  return tf.tidy(() => {
    const t: Record<string, tf.Tensor> = {};
    for (const [name, { shape }] of Object.entries(c.inputs)) t[name] = tf.tensor(values[name], shape);
    if (c.ids) t[c.ids.name] = tf.tensor1d(c.ids.values, 'int32');
    return c.run(t).dataSync() as Float32Array;
  });
}
