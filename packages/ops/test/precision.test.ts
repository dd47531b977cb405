/** Products below `highest`: their error bounds, bit-identity of WebAssembly and cpu, and operations that stay float32. */
import * as tf from '@tensorflow/tfjs-core';
import { everyBackend, on, read, start } from '@unitsphere/testing/backends';
import { fill, relativeError } from '@unitsphere/testing/operation-case';
import { afterEach, describe, expect, test } from 'vitest';
import * as ops from '../src/index.js';
import { roundValues } from '../src/precision/round-values.js';
import { webGpuRuntime } from '../src/webgpu/runtime.js';

/** Half of an input's last place, relative to its size. */
const UNIT = { highest: 0, high: 2 ** -11, medium: 2 ** -8 } as const;
/** Relative error of one addition in float32. */
const SUM_UNIT = 2 ** -24;

type Matrix = { values: Float32Array; rows: number; columns: number };
const matrix = (rows: number, columns: number, seed: number, scale = 1): Matrix => ({
  values: fill(rows * columns, seed).map((x) => x * scale),
  rows,
  columns,
});
const tensorOf = ({ values, rows, columns }: Matrix) => tf.tensor2d(values, [rows, columns]);
const at = (m: Matrix, transposed: boolean, i: number, j: number) =>
  m.values[transposed ? j * m.columns + i : i * m.columns + j];

/** Computes the product in float64, and the product of magnitudes. */
function multiplyExactly(a: Matrix, b: Matrix, tA: boolean, tB: boolean) {
  const [m, k] = tA ? [a.columns, a.rows] : [a.rows, a.columns];
  const n = tB ? b.rows : b.columns;
  const [value, size] = [new Float64Array(m * n), new Float64Array(m * n)];
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      for (let p = 0; p < k; p++) {
        const term = at(a, tA, i, p) * at(b, tB, p, j);
        value[i * n + j] += term;
        size[i * n + j] += Math.abs(term);
      }
    }
  }
  return { value, size, k };
}

/**
 * Returns the largest error relative to its bound, for inputs rounded by `unit` and a float32 sum in any order; at most 1 if the
 * bound holds.
 */
function errorOverBound(
  actual: Float32Array,
  { value, size, k }: ReturnType<typeof multiplyExactly>,
  unit: number,
  lost = 0,
): number {
  let worst = 0;
  for (let i = 0; i < value.length; i++) {
    const bound = (2 * unit + unit ** 2 + (k + 4) * SUM_UNIT) * size[i] + lost;
    const error = Math.abs(actual[i] - value[i]);
    worst = Math.max(worst, Number.isNaN(error) ? Infinity : error / bound);
  }
  return worst;
}

const SIZES = [
  [3, 4, 5],
  [1, 1, 1],
  [7, 9, 700],
  [70, 13, 8],
  [33, 40, 256],
  [4, 12, 1030],
] as const;
const forms = [false, true].flatMap((tA) => [false, true].map((tB) => [tA, tB] as const));
const operands = (m: number, n: number, k: number, tA: boolean, tB: boolean) =>
  [tA ? matrix(k, m, 1) : matrix(m, k, 1), tB ? matrix(n, k, 2) : matrix(k, n, 2)] as const;

afterEach(() => ops.setFloat32MatmulPrecision('highest'));

/** Backends, and WebGPU with and without half floats. */
const kinds = everyBackend.flatMap((backend) =>
  backend === 'webgpu' ? [backend, 'webgpu without f16'] : [backend],
);
async function startKind(kind: string): Promise<string> {
  const backend = kind.split(' ')[0];
  await start(backend);
  if (backend === 'webgpu') {
    const runtime = webGpuRuntime(tf.backend());
    runtime.tuning = { ...runtime.tuning, f16: kind === 'webgpu' };
  }
  return backend;
}

describe.each(kinds)('%s', (kind) => {
  describe.each(['high', 'medium'] as const)('%s', (precision) => {
    // Half floats have as many bits of significand as TensorFloat-32.
    const unit = kind === 'webgpu' ? UNIT.high : UNIT[precision];

    test.each(SIZES)('matMul %dx%dx%d is within its error bound in all forms', async (m, n, k) => {
      const backend = await startKind(kind);
      ops.setFloat32MatmulPrecision(precision);
      for (const [tA, tB] of forms) {
        const [a, b] = operands(m, n, k, tA, tB);
        const c = await on(backend, () => read(ops.matMul(tensorOf(a), tensorOf(b), tA, tB)));
        expect(errorOverBound(c, multiplyExactly(a, b, tA, tB), unit), `${tA} ${tB}`).toBeLessThanOrEqual(1);
        const plain = await on(backend, () => {
          ops.setFloat32MatmulPrecision('highest');
          const result = read(ops.matMul(tensorOf(a), tensorOf(b), tA, tB));
          ops.setFloat32MatmulPrecision(precision);
          return result;
        });
        expect(c, 'float32').not.toEqual(plain);
      }
    });

    test.each([
      ['1x1', [2, 5, 3, 6], [1, 1, 6, 9], 1, 0],
      ['1x1, vectors', [2, 8, 8, 16], [1, 1, 16, 24], 1, 0],
      ['3x3 stride 2', [2, 9, 7, 3], [3, 3, 3, 8], 2, 1],
      ['3x3, vectors', [2, 6, 5, 8], [3, 3, 8, 12], 1, 1],
    ] as const)(
      'conv2d %s and its gradients equal those of rounded inputs',
      async (_name, x, filter, stride, padding) => {
        const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
        const window = { stride, padding };
        const dyShape = await on(
          'cpu',
          () =>
            ops.conv2d(tf.zeros([...x]) as tf.Tensor4D, tf.zeros([...filter]) as tf.Tensor4D, window).shape,
        );
        const bits = kind === 'webgpu' || precision === 'high' ? 10 : 7;
        const compute = (backend: string, round: boolean) =>
          on(backend, () => {
            const tensors = [x, filter, dyShape].map((shape, i) => {
              const values = fill(size(shape), i + 1);
              return tf.tensor(round ? roundValues(values, bits) : values, [...shape]);
            });
            const run = (x: tf.Tensor, f: tf.Tensor) =>
              ops.conv2d(x as tf.Tensor4D, f as tf.Tensor4D, window);
            return Promise.all(
              [run(tensors[0], tensors[1]), ...tf.grads(run)(tensors.slice(0, 2), tensors[2])].map(read),
            );
          });
        const expected = await compute('cpu', true);
        const backend = await startKind(kind);
        const before = tf.memory().numTensors;
        const plain = await compute(backend, false);
        ops.setFloat32MatmulPrecision(precision);
        const low = await compute(backend, false);
        expect(tf.memory().numTensors).toBe(before);
        low.forEach((values, i) => {
          expect(relativeError(values, expected[i]), ['y', 'dx', 'dfilter'][i]).toBeLessThan(1e-5);
          expect(relativeError(plain[i], expected[i]), 'float32').toBeGreaterThan(2e-5);
        });
      },
    );
  });

  test('cosines, depthwise and grouped convolutions and norms stay float32 at every precision', async () => {
    const backend = await startKind(kind);
    const run = () =>
      on(backend, () => {
        const x = tf.tensor4d(fill(2 * 5 * 4 * 6, 1), [2, 5, 4, 6]);
        const rows = tf.tensor2d(fill(40, 2), [4, 10]);
        const [gamma, beta] = [tf.tensor1d(fill(6, 3)), tf.tensor1d(fill(6, 4))];
        const window = { stride: 1, padding: 1 };
        const results = [
          ops.cosineLogits(rows, tf.tensor2d(fill(70, 5), [7, 10])),
          ops.depthwiseConv2d(x, tf.tensor4d(fill(54, 6), [3, 3, 6, 1]), window),
          ops.groupedConv2d(x, tf.tensor4d(fill(108, 7), [3, 3, 2, 6]), window),
          ops.batchNormTrain(x, gamma, beta).y,
          ops.layerNorm(x, gamma, beta),
        ];
        return Promise.all(results.map(read));
      });
    const highest = await run();
    ops.setFloat32MatmulPrecision('medium');
    expect(await run()).toEqual(highest);
  });

  test('attention rounds its inputs, and has a float32 softmax', async () => {
    const qkv = fill(2 * 5 * 18, 1, -2, 2);
    const run = (values: Float32Array) =>
      on(kind.split(' ')[0], () => read(ops.selfAttention(tf.tensor3d(values, [2, 5, 18]), 2)));
    await startKind(kind);
    const highest = await run(qkv);
    ops.setFloat32MatmulPrecision('medium');
    const error = relativeError(await run(qkv), highest);
    expect(error).toBeGreaterThan(1e-5);
    expect(error).toBeLessThan(3e-2);
  });

  test('gradients have the precision that was set when their product ran', async () => {
    const backend = await startKind(kind);
    const [a, b] = operands(5, 6, 40, false, false);
    const gradient = (scope: ops.MatmulPrecision, later: ops.MatmulPrecision) =>
      on(backend, () => {
        ops.setFloat32MatmulPrecision(later);
        const run = (x: tf.Tensor) =>
          ops.withFloat32MatmulPrecision(scope, () => ops.matMul(x as tf.Tensor2D, tensorOf(b)));
        return read(tf.grad(run)(tensorOf(a), tf.tensor2d(fill(30, 3), [5, 6])));
      });
    const [low, high] = [await gradient('medium', 'medium'), await gradient('highest', 'highest')];
    expect(await gradient('medium', 'highest')).toEqual(low);
    expect(await gradient('highest', 'medium')).toEqual(high);
    expect(low).not.toEqual(high);
  });

  test('describes the arithmetic', async () => {
    const backend = await startKind(kind);
    ops.setFloat32MatmulPrecision('medium');
    const { requested, products, ...report } = ops.describeMatmulPrecision();
    expect(report.backend).toBe(tf.getBackend());
    expect(requested).toBe('medium');
    const expected =
      backend === kind && backend === 'webgpu' ? /^float16 inputs/ : /^bfloat16 inputs, emulated/;
    expect(products.conv2d.arithmetic).toMatch(expected);
    expect(products.matMul.arithmetic).toMatch(expected);
    expect(products.selfAttention.arithmetic).toMatch(/^bfloat16 inputs/);
    ops.setFloat32MatmulPrecision('highest');
    expect(ops.describeMatmulPrecision().products.matMul.arithmetic).toBe('float32');
  });
});

test.each(['high', 'medium'] as const)(
  'matMul at %s is bit-identical on WebAssembly and cpu',
  async (precision) => {
    ops.setFloat32MatmulPrecision(precision);
    for (const [m, n, k] of SIZES) {
      for (const [tA, tB] of forms) {
        const [a, b] = operands(m, n, k, tA, tB);
        const run = (backend: string) =>
          on(backend, () => read(ops.matMul(tensorOf(a), tensorOf(b), tA, tB)));
        const [cpu, wasm] = [await run('cpu'), await run('wasm')];
        expect(new Uint32Array(wasm.slice().buffer), `${[m, n, k, tA, tB]}`).toEqual(
          new Uint32Array(cpu.slice().buffer),
        );
      }
    }
  },
);

describe.skipIf(!everyBackend.includes('webgpu'))('half floats', () => {
  const product = (a: Matrix, b: Matrix, tA = false, tB = false) =>
    on('webgpu', () => {
      ops.setFloat32MatmulPrecision('medium');
      return read(ops.matMul(tensorOf(a), tensorOf(b), tA, tB));
    });

  test.each([
    ['far above their range', 1e30, 1e5],
    ['far below it', 1e-30, 1e-4],
    ['near float32 limits', 1e38, 1e-38],
    ['of denormals', 1e-40, 1e30],
  ])('scales values %s', async (_name, scaleA, scaleB) => {
    await startKind('webgpu');
    const [a, b] = [matrix(8, 40, 1, scaleA), matrix(40, 12, 2, scaleB)];
    // A device may flush denormals to 0.
    const lost = scaleA < 1e-38 ? Infinity : 0;
    const c = await product(a, b);
    expect(c.every(Number.isFinite)).toBe(true);
    expect(errorOverBound(c, multiplyExactly(a, b, false, false), UNIT.high, lost)).toBeLessThanOrEqual(1);
  });

  test('small values lose at most 2^-40 of the largest value', async () => {
    await startKind('webgpu');
    const a = matrix(8, 40, 1);
    a.values.forEach((x, i) => {
      a.values[i] = x * 2 ** -(i % 50);
    });
    const b = matrix(40, 12, 2);
    const lost = 40 * (2 ** -40 + 2 ** -40);
    for (const [tA, tB] of forms) {
      const [left, right] = [
        tA ? { ...a, rows: 40, columns: 8 } : a,
        tB ? { ...b, rows: 12, columns: 40 } : b,
      ];
      const c = await product(left, right, tA, tB);
      expect(errorOverBound(c, multiplyExactly(left, right, tA, tB), UNIT.high, lost)).toBeLessThanOrEqual(1);
    }
  });

  test('keeps infinities and NaN, and returns zeros for a zero matrix', async () => {
    await startKind('webgpu');
    const b = matrix(4, 4, 2);
    const a: Matrix = { values: new Float32Array(16).fill(1), rows: 4, columns: 4 };
    a.values[0] = Number.POSITIVE_INFINITY;
    a.values[5] = Number.NaN;
    const c = await product(a, b);
    expect([...c.subarray(0, 4)].some(Number.isFinite)).toBe(false);
    expect([...c.subarray(4, 8)].every(Number.isNaN)).toBe(true);
    expect(
      errorOverBound(
        c.slice(8),
        multiplyExactly({ ...a, values: a.values.slice(8), rows: 2 }, b, false, false),
        UNIT.high,
      ),
    ).toBeLessThanOrEqual(1);
    expect([...(await product({ ...a, values: new Float32Array(16) }, b))]).toEqual(new Array(16).fill(0));
  });

  test('holds the bounds in the form for graphics cards, and for tensors too large to bind', async () => {
    await startKind('webgpu');
    const runtime = webGpuRuntime(tf.backend());
    const { tuning, maxBindingBytes } = runtime;
    try {
      for (const changes of [{}, { broadcast: 0, reducers: 64, targetGroups: 512 }]) {
        runtime.tuning = { ...tuning, ...changes };
        for (const most of [maxBindingBytes, 8192]) {
          runtime.maxBindingBytes = most;
          // The form with both transposed cannot be split, with floats either.
          for (const [tA, tB] of forms.filter(([a, b]) => most > 8192 || !a || !b)) {
            const [a, b] = tA ? operands(20, 16, 240, tA, tB) : operands(240, 16, 20, tA, tB);
            const c = await product(a, b, tA, tB);
            expect(
              errorOverBound(c, multiplyExactly(a, b, tA, tB), UNIT.high),
              `${most} ${tA} ${tB}`,
            ).toBeLessThanOrEqual(1);
          }
        }
      }
    } finally {
      Object.assign(runtime, { tuning, maxBindingBytes });
    }
  });
});

test('checks the precision, and restores the previous one after a scope', () => {
  expect(() => ops.setFloat32MatmulPrecision('low' as never)).toThrow(
    'setFloat32MatmulPrecision: "low" is not one of highest, high, medium.',
  );
  ops.setFloat32MatmulPrecision('high');
  expect(() =>
    ops.withFloat32MatmulPrecision('medium', () => {
      expect(ops.getFloat32MatmulPrecision()).toBe('medium');
      throw new Error('inside');
    }),
  ).toThrow('inside');
  expect(ops.getFloat32MatmulPrecision()).toBe('high');
  expect(() => ops.withFloat32MatmulPrecision('medium', async () => undefined)).toThrow(/fn is async/);
  expect(() => ops.withProductPolicy({ precisions: { layerNorm: 'medium' } as never }, () => 0)).toThrow(
    'withProductPolicy: layerNorm is not a kind of product. Use one of matMul, pointwiseConv2d, conv2d, selfAttention.',
  );
});

test('a policy sets precisions by kind, and rounds results if roundOutputs is set', async () => {
  const [a, b] = operands(5, 6, 40, false, false);
  const run = (roundOutputs: boolean) =>
    on('wasm', () => {
      const before = tf.memory().numTensors;
      const c = ops.withProductPolicy({ precisions: { matMul: 'medium' }, roundOutputs }, () =>
        ops.matMul(tensorOf(a), tensorOf(b)),
      );
      expect(tf.memory().numTensors - before).toBe(3);
      return read(c);
    });
  const [plain, rounded] = [await run(false), await run(true)];
  expect(plain).not.toEqual(rounded);
  expect(roundValues(plain, 7)).toEqual(rounded);
});
