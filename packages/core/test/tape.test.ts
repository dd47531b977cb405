import * as tf from '@tensorflow/tfjs-core';
import { relu } from '@unitsphere/ops';
import { backends, start } from '@unitsphere/testing/backends';
import { describe, expect, test } from 'vitest';
import { forwardAndPullback, Parameter, runInSequence } from '../src/index.js';

const parameter = (...values: number[]) => new Parameter([values.length], Float32Array.from(values));

describe.each(backends)('forwardAndPullback on %s', (backend) => {
  test('hands out each gradient once, when it is complete', async () => {
    await start(backend);
    const [first, twice, unused, last] = [parameter(1, -2), parameter(3, 4), parameter(1), parameter(5, 6)];
    const f = () => {
      const layer = tf.mul(tf.mul(tf.add(first.variable, 0), twice.variable), twice.variable);
      return tf.mul(layer, last.variable) as tf.Tensor1D;
    };
    const seen: [number, number[]][] = [];
    const { value, pullback } = forwardAndPullback(f, [first, twice, unused, last]);
    const before = tf.memory().numTensors;
    const gradients = pullback(undefined, {
      onGradient: (index, gradient) => void seen.push([index, [...gradient.dataSync()]]),
    });
    expect(seen.map(([index]) => index)).toEqual([3, 1, 0]);
    for (const [index, values] of seen) expect([...gradients[index]!.dataSync()]).toEqual(values);
    expect(seen[1][1]).toEqual([2 * 1 * 3 * 5, 2 * -2 * 4 * 6]);
    expect(tf.memory().numTensors).toBeLessThanOrEqual(before + 3);
    tf.dispose([value, ...gradients.filter((gradient) => gradient !== null)]);
  });

  test('pulls back any gradient of the value, with the results of tf.grads', async () => {
    await start(backend);
    const [a, b, unused] = [parameter(1, -2, 3), parameter(0.5, 4, -1), parameter(1)];
    const f = () => {
      // `a` is used twice: directly, and through a value that is itself used twice.
      const product = tf.mul(a.variable, b.variable);
      return tf.concat([tf.square(product), tf.add(product, a.variable), tf.exp(b.variable)]) as tf.Tensor1D;
    };
    const dy = tf.tensor1d([1, -2, 3, 0.5, 0, -1, 2, 1, 1]);
    const expected = tf.tidy(() =>
      tf
        .grads((...[x, y]: tf.Tensor[]) => {
          const product = tf.mul(x, y);
          return tf.concat([tf.square(product), tf.add(product, x), tf.exp(y)]);
        })([a.variable, b.variable], dy)
        .map((gradient) => [...gradient.dataSync()]),
    );
    const before = tf.memory();
    const { value, pullback } = forwardAndPullback(f, [a, unused, b]);
    const [da, none, db] = pullback(dy);
    expect(none).toBeNull();
    [da!, db!].forEach((gradient, i) => {
      gradient.dataSync().forEach((x, j) => {
        expect(x).toBeCloseTo(expected[i][j], 4);
      });
    });
    expect(dy.isDisposed).toBe(false);
    expect(() => pullback(dy)).toThrow(/once/);
    tf.dispose([value, da!, db!]);
    expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
    dy.dispose();
    for (const p of [a, b, unused]) p.dispose();
  });

  test('frees the saved tensors in dispose, and at an error in the forward or the backward pass', async () => {
    await start(backend);
    const p = parameter(1, 2);
    const before = tf.memory().numTensors;
    const kept = forwardAndPullback(() => tf.square(tf.exp(p.variable)), [p]);
    expect(tf.memory().numTensors).toBeGreaterThan(before + 1);
    kept.dispose();
    kept.value.dispose();
    expect(tf.memory().numTensors).toBe(before);

    expect(() =>
      forwardAndPullback(() => {
        tf.square(tf.exp(p.variable));
        throw new Error('in the middle');
      }, [p]),
    ).toThrow('in the middle');
    expect(tf.memory().numTensors).toBe(before);

    const failing = tf.customGrad(((x: tf.Tensor, save: tf.GradSaveFunc) => {
      save([x]);
      return {
        value: tf.exp(x),
        gradFunc: () => {
          throw new Error('in the backward pass');
        },
      };
    }) as Parameters<typeof tf.customGrad>[0]);
    const broken = forwardAndPullback(() => tf.square(failing(tf.exp(p.variable))), [p]);
    expect(() => broken.pullback()).toThrow('in the backward pass');
    broken.value.dispose();
    expect(tf.memory().numTensors).toBe(before);
    p.dispose();
  });

  test('refuses a dy of another shape, an operation without a gradient, and a call inside tf.grad', async () => {
    await start(backend);
    const p = parameter(1, 2);
    const { value, pullback, dispose } = forwardAndPullback(() => tf.exp(p.variable), [p]);
    expect(() => pullback(tf.zeros([3]))).toThrow(/\[2\].*\[3\]/);
    dispose();
    value.dispose();
    expect(() => tf.grad(() => forwardAndPullback(() => tf.exp(p.variable), [p]).value)(p.variable)).toThrow(
      /inside another gradient/,
    );
    const rounded = forwardAndPullback(() => tf.topk(p.variable, 1).values, [p]);
    expect(() => rounded.pullback()).toThrow(/TopK has no gradient/);
    rounded.value.dispose();
    p.dispose();
  });

  test('clones a gradient that an operation passes through or returns twice', async () => {
    await start(backend);
    const p = parameter(1, 2);
    const both = tf.customGrad(((x: tf.Tensor, y: tf.Tensor) => ({
      value: tf.add(x, y),
      gradFunc: (dy: tf.Tensor) => [dy, dy],
    })) as unknown as Parameters<typeof tf.customGrad>[0]);
    const before = tf.memory().numTensors;
    const { value, pullback } = forwardAndPullback(() => both(p.variable, p.variable), [p]);
    const [gradient] = pullback(tf.tidy(() => tf.keep(tf.tensor1d([1, 10]))));
    expect([...gradient!.dataSync()]).toEqual([2, 20]);
    tf.dispose([value, gradient!]);
    expect(tf.memory().numTensors).toBe(before + 1);
    p.dispose();
  });

  describe('savedTensorsHooks', () => {
    /** Hooks that round to quarters and store int32, so that packed tensors differ from saved ones. */
    const hooks = (log: string[] = []) => ({
      pack: (saved: tf.Tensor) => {
        log.push(`pack ${saved.shape}`);
        return saved.size < 3 ? null : tf.cast(tf.mul(saved, 4), 'int32');
      },
      unpack: (packed: tf.Tensor, { shape }: { shape: number[] }) => {
        log.push(`unpack ${shape}`);
        return tf.reshape(tf.div(tf.cast(packed, 'float32'), 4), shape);
      },
    });

    test('give the gradient the unpacked tensors; pack each value once, and parameters never', async () => {
      await start(backend);
      // On WebAssembly, clones share their data only after one of our operations has run.
      tf.tidy(() => relu(tf.scalar(1)));
      const [a, input] = [parameter(1.1, 2.3, 3.2), tf.tensor1d([2, 2, 2])];
      const before = tf.memory();
      const log: string[] = [];
      const { value, pullback } = forwardAndPullback(
        () => {
          // 2.42, 10.58, 20.48, saved by the square and by the product.
          const squared = tf.mul(tf.square(a.variable), input);
          return tf.mul(squared, tf.square(squared));
        },
        [a],
        { savedTensorsHooks: hooks(log) },
      );
      // Packed are square(a), its product with the input, and the square of that product.
      expect(log).toEqual(['pack 3', 'pack 3', 'pack 3']);
      const kept = tf.memory().numBytes;
      const [da] = pullback();
      const [x, y] = [
        [1.1, 2.3, 3.2],
        [2.25, 10.5, 20.25],
      ].map((values) => Float32Array.from(values));
      const squares = Float32Array.from([2.42, 10.58, 20.48], (v) => Math.floor(4 * v * v) / 4);
      // d(s · s²) = (s² + s · 2s) ds with the packed s and s²; ds = 2 a · input.
      da!.dataSync().forEach((gradient, i) => {
        const upstream = squares[i] + y[i] * 2 * y[i];
        expect(gradient / (upstream * 2 * x[i] * 2)).toBeCloseTo(1, 4);
      });
      expect(log.filter((line) => line.startsWith('unpack'))).not.toEqual([]);
      expect(kept).toBeGreaterThan(before.numBytes);
      tf.dispose([value, da!]);
      expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
      a.dispose();
      input.dispose();
    });

    test('may return their argument', async () => {
      await start(backend);
      const p = parameter(1, 2, 3);
      const before = tf.memory().numTensors;
      const f = () => {
        const x = tf.exp(p.variable);
        return tf.mul(x, tf.square(x));
      };
      const same = { pack: (saved: tf.Tensor) => saved, unpack: (packed: tf.Tensor) => packed };
      const copied = { ...same, pack: (saved: tf.Tensor) => tf.mul(saved, 1) };
      for (const savedTensorsHooks of [same, copied]) {
        const { value, pullback } = forwardAndPullback(f, [p], { savedTensorsHooks });
        const [gradient] = pullback();
        gradient!.dataSync().forEach((dp, i) => {
          expect(dp / (3 * Math.exp(3 * (i + 1)))).toBeCloseTo(1, 4);
        });
        tf.dispose([value, gradient!]);
        expect(tf.memory().numTensors).toBe(before);
      }
      p.dispose();
    });

    test('leave no tensors after dispose without a backward pass, or after an error', async () => {
      await start(backend);
      const p = parameter(1, 2, 3, 4);
      const before = tf.memory().numTensors;
      const f = () => tf.square(tf.exp(p.variable));
      const kept = forwardAndPullback(f, [p], { savedTensorsHooks: hooks() });
      kept.dispose();
      kept.value.dispose();
      expect(tf.memory().numTensors).toBe(before);

      const failing = (what: 'pack' | 'unpack') => ({
        ...hooks(),
        [what]: () => {
          throw new Error(`no ${what}`);
        },
      });
      expect(() => forwardAndPullback(f, [p], { savedTensorsHooks: failing('pack') })).toThrow('no pack');
      expect(tf.memory().numTensors).toBe(before);
      const { value, pullback } = forwardAndPullback(f, [p], { savedTensorsHooks: failing('unpack') });
      expect(() => pullback()).toThrow('no unpack');
      value.dispose();
      expect(tf.memory().numTensors).toBe(before);
      // The engine still records.
      const again = tf.tidy(
        () =>
          tf
            .grad((x) => tf.square(x))(tf.scalar(3))
            .dataSync()[0],
      );
      expect(again).toBe(6);
      p.dispose();
    });
  });

  test('runInSequence frees intermediate values, also while a gradient is recorded', async () => {
    await start(backend);
    const p = parameter(0.1, 0.2);
    const before = tf.memory().numTensors;
    const most: number[] = [];
    const parts = Array.from({ length: 6 }, () => (x: tf.Tensor) => {
      most.push(tf.memory().numTensors - before);
      return tf.add(tf.mul(x, 2), tf.neg(tf.abs(x)));
    });
    const f = () => runInSequence(parts, p.variable as tf.Tensor, (part, x) => part(x));
    const y = f();
    expect(Math.max(...most)).toBeLessThanOrEqual(1);
    const { value, pullback } = forwardAndPullback(f, [p]);
    const [gradient] = pullback();
    expect([...gradient!.dataSync()]).toEqual([1, 1]);
    tf.dispose([y, value, gradient!]);
    expect(runInSequence([], p.variable as tf.Tensor, () => p.variable)).toBe(p.variable);
    // The second part returns its input.
    const same = runInSequence([0, 1], p.variable as tf.Tensor, (i, x) => (i === 0 ? tf.neg(x) : x));
    expect([...same.dataSync()]).toEqual([...Float32Array.of(-0.1, -0.2)]);
    same.dispose();
    expect(tf.memory().numTensors).toBe(before);
    p.dispose();
  });
});
