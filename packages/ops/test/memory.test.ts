/** The kernels live in the WASM backend's own memory: it grows under them, they leak nothing, stock kernels go on working. */
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { on, start } from '../../../tools/workspace/backends.js';
import * as ops from '../src/index.js';
import { wasmRuntime } from '../src/wasm/runtime.js';
import { contractCases, evaluate, fill, relativeError } from './contract.js';

interface WasmBackend {
  wasm: { asm: { memory: WebAssembly.Memory }; _malloc(bytes: number): number; _free(pointer: number): void };
}
const wasm = () => (tf.backend() as unknown as WasmBackend).wasm;
const heapBytes = () => wasm().asm.memory.buffer.byteLength;

const image = (shape: [number, number, number, number], seed: number) =>
  tf.tensor4d(
    fill(
      shape.reduce((a, b) => a * b),
      seed,
    ),
    shape,
  );

test('results stay right when memory grows between any two allocations of a kernel', async () => {
  // An 8 MB block beside every allocation: the heap, 16 MB at first, has to grow inside the kernels, over and over.
  const blocks: number[] = [];
  const sizes = new Set<number>();
  const cases = contractCases.filter(({ name }) =>
    [
      'conv2d 3x3',
      'conv2d 1x1',
      'depthwiseConv2d 5x5 stride 1, 5 channels',
      'batchNormTrain hard_swish, 5 channels',
      'batchNormPreluTrain of 3,3,3,13, 1 slopes',
    ].includes(name),
  );
  expect(cases.length).toBe(5);
  for (const c of [...cases, contractCases.find(({ name }) => name.startsWith('scatterAddRows'))!]) {
    const values = Object.fromEntries(
      Object.entries(c.inputs).map(([name, { shape, low, high }], i) => [
        name,
        fill(
          shape.reduce((a, b) => a * b, 1),
          i + 1,
          low,
          high,
        ),
      ]),
    );
    const expected = await on('cpu', () => evaluate(c, values));
    await start('wasm');
    const module = wasm();
    // Emscripten puts the real function in place at the first call.
    module._free(module._malloc(16));
    const malloc = module._malloc;
    module._malloc = (bytes) => {
      blocks.push(malloc(8 << 20));
      sizes.add(heapBytes());
      return malloc(bytes);
    };
    try {
      const actual = await on('wasm', () => evaluate(c, values));
      expect(relativeError(actual.out, expected.out), c.name).toBeLessThan(2e-5);
      for (const name of Object.keys(c.inputs)) {
        expect(relativeError(actual.grads[name], expected.grads[name]), `${c.name}: ${name}`).toBeLessThan(
          1e-4,
        );
      }
    } finally {
      module._malloc = malloc;
    }
  }
  for (const block of blocks) wasm()._free(block);
  expect(sizes.size, 'sizes that the heap had').toBeGreaterThan(6);
});

test('a backend that took its build with threads is an error that says how to start the other one', async () => {
  await start('wasm');
  const threads = tf.env().getBool('WASM_HAS_MULTITHREAD_SUPPORT');
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', true);
  try {
    // That build keeps its memory elsewhere.
    expect(() => wasmRuntime({ wasm: { asm: {} } })).toThrow(
      /build with threads.*useBackend\('wasm'\).*tf\.env\(\)\.set\('WASM_HAS_MULTITHREAD_SUPPORT', false\)/,
    );
  } finally {
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', threads);
  }
  expect(() => wasmRuntime({ wasm: { asm: {} } })).toThrow('does not expose its memory as 4.22 does');
});

test('a full memory is an error that says so and writes nowhere', async () => {
  await start('wasm');
  const x = image([1, 4, 4, 5], 1);
  const filter = image([3, 3, 5, 2], 2);
  x.dataSync();
  const lowest = () => [...new Uint8Array(wasm().asm.memory.buffer, 0, 64)];
  const before = lowest();
  const module = wasm();
  const malloc = module._malloc;
  for (const [call, bytes, what] of [
    [() => ops.conv2d(x, filter, { stride: 1, padding: 0 }), 2 * 2 * 2 * 4, 'a tensor of shape [1,2,2,2]'],
    [() => ops.conv2d(x, filter, { stride: 1, padding: 0 }), 4 * 45 * 4, '720 bytes'],
  ] as const) {
    module._malloc = (wanted) => (wanted === bytes ? 0 : malloc(wanted));
    try {
      expect(call).toThrow(
        `the WASM backend has no room left for ${what} (4 GiB at most). Use a smaller batch.`,
      );
    } finally {
      module._malloc = malloc;
    }
  }
  expect(lowest()).toEqual(before);
  x.dispose();
  filter.dispose();
});

test('stock operations work on wasm after ours used the same weights, and after these changed', async () => {
  const weights = [fill(3 * 3 * 4 * 6, 1), fill(3 * 3 * 4 * 6, 2)];
  const stock = (w: tf.Tensor4D) => tf.conv2d(image([2, 7, 5, 4], 3), w, 1, 'same').dataSync();
  const stockDepthwise = (w: tf.Tensor4D) =>
    tf.depthwiseConv2d(image([2, 7, 5, 24], 3), w, 1, 'same').dataSync();
  const shape: [number, number, number, number] = [3, 3, 4, 6];
  const depthwiseShape: [number, number, number, number] = [3, 3, 24, 1];
  const expected = await on('cpu', () =>
    weights.map((w) => [stock(tf.tensor4d(w, shape)), stockDepthwise(tf.tensor4d(w, depthwiseShape))]),
  );
  await on('wasm', () => {
    const w = tf.variable(tf.tensor4d(weights[0], shape));
    const dw = tf.variable(tf.tensor4d(weights[0], depthwiseShape));
    for (const [i, values] of weights.entries()) {
      w.assign(tf.tensor4d(values, shape));
      dw.assign(tf.tensor4d(values, depthwiseShape));
      const window = { stride: 1, padding: 1 };
      for (let repeat = 0; repeat < 2; repeat++) {
        const ours = tf.grads((x, f) => ops.conv2d(x as tf.Tensor4D, f as tf.Tensor4D, window));
        ours([image([2, 7, 5, 4], 3), w], image([2, 7, 5, 6], 4));
        const oursDepthwise = tf.grads((x, f) =>
          ops.depthwiseConv2d(x as tf.Tensor4D, f as tf.Tensor4D, window),
        );
        oursDepthwise([image([2, 7, 5, 24], 3), dw], image([2, 7, 5, 24], 4));
        expect(relativeError(stock(w as unknown as tf.Tensor4D), expected[i][0])).toBeLessThan(1e-5);
        expect(relativeError(stockDepthwise(dw as unknown as tf.Tensor4D), expected[i][1])).toBeLessThan(
          1e-5,
        );
        const product = ops.conv2d(image([2, 7, 5, 4], 3), w as unknown as tf.Tensor4D, window).dataSync();
        expect(relativeError(product, expected[i][0])).toBeLessThan(1e-5);
      }
    }
    w.dispose();
    dw.dispose();
  });
});

test('500 training-like steps leave the number of tensors, their bytes and the heap as they were', async () => {
  await start('wasm');
  const variables = [
    tf.variable(image([3, 3, 3, 8], 1)),
    tf.variable(tf.ones([8])),
    tf.variable(tf.zeros([8])),
    tf.variable(image([5, 5, 8, 1], 2)),
    tf.variable(tf.tensor2d(fill(16 * 8, 3), [16, 8])),
    tf.variable(tf.ones([16])),
    tf.variable(tf.zeros([16])),
    tf.variable(tf.tensor2d(fill(10 * 16, 4), [10, 16])),
  ];
  const x = image([4, 12, 12, 3], 5);
  const ids = tf.tensor1d([3, 0, 3, 9, 5], 'int32');
  const forward = (...v: tf.Tensor[]) => {
    const stem = ops.conv2d(x, v[0] as tf.Tensor4D, { stride: 2, padding: 1 });
    const norm = ops.batchNormTrain(stem, v[1] as tf.Tensor1D, v[2] as tf.Tensor1D, {
      activation: 'hard_swish',
    }).y;
    const gate = ops.hardSigmoid(ops.globalAveragePool(norm));
    const map = ops.scaleChannels(
      ops.depthwiseConv2d(norm, v[3] as tf.Tensor4D, { stride: 1, padding: 2 }),
      gate,
    );
    const features = ops.linear(ops.relu(ops.globalAveragePool(map)), v[4] as tf.Tensor2D);
    const embeddings = ops.layerNorm(features, v[5] as tf.Tensor1D, v[6] as tf.Tensor1D);
    return ops.cosineLogits(embeddings, ops.gatherRows(v[7] as tf.Tensor2D, ids));
  };
  const gradients = tf.grads(forward);
  let first = 0;
  let last = 0;
  const step = () =>
    tf.tidy(() => {
      // Toward a cosine of 1 with each image's own class.
      const out = forward(...variables);
      const dy = tf.mul(tf.sub(out, tf.eye(4, 5)), 0.1);
      const loss = tf.sum(tf.square(dy)).dataSync()[0];
      gradients(variables, dy).forEach((gradient, i) => {
        variables[i].assign(tf.sub(variables[i], tf.mul(gradient, 0.5)));
      });
      return loss;
    });
  first = step() as unknown as number;
  for (let i = 0; i < 20; i++) step();
  const before = tf.memory();
  const heap = heapBytes();
  for (let i = 0; i < 500; i++) last = step() as unknown as number;
  expect(tf.memory().numTensors).toBe(before.numTensors);
  expect(tf.memory().numBytes).toBe(before.numBytes);
  expect(heapBytes()).toBe(heap);
  expect(last).toBeLessThan(first / 2);
  tf.dispose([x, ids, ...variables]);
});

test('a clone on wasm shares its data, and an optimizer that changes averages in place leaves the clone alone', async () => {
  await on('wasm', () => {
    ops.hardSwish(tf.zeros([1]));
    const average = tf.variable(tf.tensor1d([1, 2, 3]));
    const before = tf.memory().numDataBuffers;
    const clone = tf.clone(average);
    expect(tf.memory().numDataBuffers).toBe(before);
    const [parameter, square] = [tf.variable(tf.zeros([3])), tf.variable(tf.zeros([3]))];
    ops.adamWUpdate(parameter, tf.ones([3]), average, square, {
      lr: 0.1,
      beta1: 0.5,
      beta2: 0.9,
      eps: 1e-8,
      weightDecay: 0,
      step: 1,
    });
    expect([...clone.dataSync()]).toEqual([1, 2, 3]);
    expect([...average.dataSync()]).toEqual([1, 1.5, 2]);
    tf.dispose([average, parameter, square]);
  });
});
