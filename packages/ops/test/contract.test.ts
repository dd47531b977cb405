import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { everyBackend, missingBackends, on } from '../../../tools/workspace/backends';
import { contractCases, evaluate, relativeError, valuesOf } from './contract';

// A line in the results for what was not tested.
for (const { name, why } of missingBackends) test.skip(`${name}: ${why}`, () => undefined);

describe.each(contractCases.map((c) => [c.name, c] as const))('%s', (_name, c) => {
  const values = valuesOf(c);

  test.each(everyBackend.filter((name) => name !== 'cpu'))(
    '%s gives what the composition gives on cpu, forward and gradients, and leaks nothing',
    async (backend) => {
      const expected = await on('cpu', () => evaluate(c, values));
      await on(backend, () => undefined);
      const before = tf.memory().numTensors;
      const actual = await on(backend, () => evaluate(c, values));
      expect(tf.memory().numTensors).toBe(before);
      expect(relativeError(actual.out, expected.out)).toBeLessThan(2e-5);
      for (const name of Object.keys(c.inputs)) {
        expect(relativeError(actual.grads[name]!, expected.grads[name]!), `gradient of ${name}`).toBeLessThan(
          1e-4,
        );
      }
    },
  );

  test('gradients agree with finite differences', async () => {
    const { grads, upstream } = await on('cpu', () => evaluate(c, values));
    await on('cpu', () => {
      const objective = (v: Record<string, Float32Array>) => {
        const out = evaluateForward(v);
        let sum = 0;
        for (let i = 0; i < out.length; i++) sum += out[i]! * upstream[i]!;
        return sum;
      };
      const evaluateForward = (v: Record<string, Float32Array>) =>
        tf.tidy(() => {
          const t: Record<string, tf.Tensor> = {};
          for (const [name, { shape }] of Object.entries(c.inputs)) t[name] = tf.tensor(v[name]!, shape);
          if (c.ids) t[c.ids.name] = tf.tensor1d(c.ids.values, 'int32');
          return c.run(t).dataSync() as Float32Array;
        });
      for (const [name, gradient] of Object.entries(grads)) {
        // A few places of each input, spread over it. Steps suit float32; the best of three, as one may cross a kink.
        const size = Math.max(...gradient.map(Math.abs), 1e-3);
        const places = new Set([
          0,
          gradient.length - 1,
          gradient.length >> 1,
          Math.floor(gradient.length / 3),
        ]);
        for (const place of places) {
          const original = values[name]![place]!;
          const at = (x: number) => {
            const moved = { ...values, [name]: values[name]!.slice() };
            moved[name]![place] = x;
            return objective(moved);
          };
          const errors = [8e-3, 2e-3, 5e-4].map((step) => {
            const h = step * Math.max(1, Math.abs(original));
            return Math.abs((at(original + h) - at(original - h)) / (2 * h) - gradient[place]!) / size;
          });
          expect(Math.min(...errors), `${name}[${place}]`).toBeLessThan(1e-2);
        }
      }
    });
  });
});
