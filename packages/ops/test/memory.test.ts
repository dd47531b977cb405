/** Kernels in the WebAssembly backend's memory: it grows while they run, they leak nothing, and stock kernels keep working. */
import * as tf from '@tensorflow/tfjs-core';
import { on, start } from '@unitsphere/testing/backends';
import {
  drawInputs,
  evaluate,
  fill,
  type OperationCase,
  relativeError,
} from '@unitsphere/testing/operation-case';
import { expect, test } from 'vitest';
import * as ops from '../src/index.js';
import { wasmRuntime } from '../src/wasm/runtime.js';

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

const window = { stride: 1, padding: 1 };
const vector = (size: number, low = -1, high = 1) => ({ shape: [size], low, high });
/** Kernels with several allocations. */
const cases: OperationCase[] = [
  {
    name: 'conv2d 3x3',
    inputs: { x: { shape: [1, 6, 5, 4] }, filter: { shape: [3, 3, 4, 11] } },
    run: (t) => ops.conv2d(t.x as tf.Tensor4D, t.filter as tf.Tensor4D, window),
  },
  {
    name: 'conv2d 1x1',
    inputs: { x: { shape: [2, 5, 3, 6] }, filter: { shape: [1, 1, 6, 9] } },
    run: (t) => ops.conv2d(t.x as tf.Tensor4D, t.filter as tf.Tensor4D, { stride: 1, padding: 0 }),
  },
  {
    name: 'depthwiseConv2d 5x5',
    inputs: { x: { shape: [2, 7, 6, 5] }, filter: { shape: [5, 5, 5, 1] } },
    run: (t) => ops.depthwiseConv2d(t.x as tf.Tensor4D, t.filter as tf.Tensor4D, { stride: 1, padding: 2 }),
  },
  {
    name: 'batchNormTrain hard_swish',
    inputs: { x: { shape: [2, 5, 3, 5], low: -4, high: 6 }, gamma: vector(5, 0.5, 2), beta: vector(5) },
    run: ({ x, gamma, beta }) =>
      ops.batchNormTrain(x, gamma as tf.Tensor1D, beta as tf.Tensor1D, { activation: 'hard_swish' }).y,
  },
  {
    name: 'batchNormPreluTrain, one slope',
    inputs: {
      x: { shape: [3, 3, 3, 13], low: -4, high: 6 },
      gamma: vector(13, 0.5, 2),
      beta: vector(13),
      slope: vector(1),
    },
    run: ({ x, gamma, beta, slope }) =>
      ops.batchNormPreluTrain(x, gamma as tf.Tensor1D, beta as tf.Tensor1D, slope as tf.Tensor1D).y,
  },
  {
    name: 'scatterAddRows',
    inputs: { x: { shape: [3, 6] } },
    ids: { name: 'ids', values: [1, 3, 1] },
    run: (t) => ops.scatterAddRows(t.x as tf.Tensor2D, t.ids as tf.Tensor1D, 4),
  },
];

test('stays correct if memory grows between any two allocations of a kernel', async () => {
  // An 8 MB block per allocation makes the heap, 16 MB at first, grow inside the kernels again and again.
  const blocks: number[] = [];
  const sizes = new Set<number>();
  for (const c of cases) {
    const values = drawInputs(c);
    const expected = await on('cpu', () => evaluate(c, values));
    await start('wasm');
    const module = wasm();
    // Emscripten replaces the stub by the real function at the first call.
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
  expect(sizes.size, 'sizes of the heap').toBeGreaterThan(6);
});

test('refuses the WebAssembly build with threads, and says how to start the other build', async () => {
  await start('wasm');
  const threads = tf.env().getBool('WASM_HAS_MULTITHREAD_SUPPORT');
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', true);
  try {
    // The build with threads keeps its memory elsewhere.
    expect(() => wasmRuntime({ wasm: { asm: {} } })).toThrow(
      /multi-threaded build.*useBackend\('wasm'\).*tf\.env\(\)\.set\('WASM_HAS_MULTITHREAD_SUPPORT', false\)/,
    );
  } finally {
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', threads);
  }
  expect(() => wasmRuntime({ wasm: { asm: {} } })).toThrow('does not expose its memory as version 4.22 does');
});

test('reports full memory, and writes nothing', async () => {
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
        `the WASM backend is out of memory (4 GiB at most): it cannot allocate ${what}. Use a smaller batch.`,
      );
    } finally {
      module._malloc = malloc;
    }
  }
  expect(lowest()).toEqual(before);
  x.dispose();
  filter.dispose();
});

test('stock operations on wasm read weights that ours used, also after the weights change', async () => {
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

test('500 training steps leave the number of tensors, their bytes and the heap unchanged', async () => {
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
      // The target is a cosine of 1 with each image's class.
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

test('an optimizer that updates averages in place leaves their clones on wasm unchanged', async () => {
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
