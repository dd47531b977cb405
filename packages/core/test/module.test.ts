import * as tf from '@tensorflow/tfjs-core';
import { start } from '@unitsphere/testing/backends';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  Conv2d,
  DepthwiseConv2d,
  float32,
  Linear,
  Module,
  Random,
  ReLU,
  Sequential,
  type StateDict,
  StateDictError,
} from '../src/index.js';

beforeAll(() => start('cpu'));

class Block extends Module {
  readonly scale = this.parameter('scale', [3], Float32Array.of(1, 2, 3), { weightDecay: false });
  readonly average = this.buffer('running', [3], new Float32Array(3));
  readonly steps = this.counter('steps');
  override forward(x: tf.Tensor): tf.Tensor {
    return tf.mul(x, this.scale.variable);
  }
}

class Net extends Module<tf.Tensor4D, tf.Tensor> {
  readonly conv = this.child('conv', new Conv2d(2, 3, { kernelSize: 3, bias: true, random: new Random(1) }));
  readonly blocks = this.child('blocks', new Sequential(new Block(), new ReLU(), new Block()));
  override forward(x: tf.Tensor4D): tf.Tensor {
    return this.blocks.forward(this.conv.forward(x));
  }
}

const keys = [
  'conv.weight',
  'conv.bias',
  'blocks.0.scale',
  'blocks.0.running',
  'blocks.0.steps',
  'blocks.2.scale',
  'blocks.2.running',
  'blocks.2.steps',
];

const copyOf = (state: StateDict): StateDict =>
  new Map([...state].map(([key, t]) => [key, { ...t, data: t.data.slice() } as typeof t]));

describe('Module', () => {
  test("returns a state dict with PyTorch's names in the order of declaration", async () => {
    const net = new Net();
    expect([...(await net.stateDict()).keys()]).toEqual(keys);
    expect([...(await net.stateDict('model.')).keys()]).toEqual(keys.map((key) => `model.${key}`));
    const trained = ['conv.weight', 'conv.bias', 'blocks.0.scale', 'blocks.2.scale'];
    expect(net.namedParameters().map(([key]) => key)).toEqual(trained);
    expect(net.parameters()).toEqual(net.namedParameters().map(([, parameter]) => parameter));
    expect(net.namedBuffers().map(([key]) => key)).toEqual(['blocks.0.running', 'blocks.2.running']);
    expect(net.parameterCount()).toBe(3 * 2 * 9 + 3 + 3 + 3);
    expect(net.parameters().map(({ weightDecay }) => weightDecay)).toEqual([true, false, false, false]);
    expect((await net.stateDict()).get('blocks.0.steps')).toEqual({
      dtype: 'I64',
      shape: [],
      data: BigInt64Array.of(0n),
    });
    net.dispose();
  });

  test('is in training mode by default; train and eval reach all modules inside', () => {
    const net = new Net();
    const modes = () => [net, net.conv, net.blocks].map((module) => module.training);
    expect(modes()).toEqual([true, true, true]);
    expect(net.eval()).toBe(net);
    expect(modes()).toEqual([false, false, false]);
    net.blocks.train();
    expect(modes()).toEqual([false, false, true]);
    expect(net.train(true)).toBe(net);
    expect(modes()).toEqual([true, true, true]);
    net.dispose();
  });

  test('loads the state dict of another instance, and then computes the same', async () => {
    const [from, to] = [new Net(), new Net()];
    from.blocks.loadStateDict(
      new Map([['0.steps', { dtype: 'I64', shape: [], data: BigInt64Array.of(9n) }]]),
      { strict: false },
    );
    const changed = copyOf(await from.stateDict());
    for (const { data } of changed.values())
      if (data instanceof Float32Array) data.set(data.map((_, i) => Math.sin(i)));
    from.loadStateDict(changed);
    expect(to.loadStateDict(await from.stateDict())).toEqual({ missing: [], unexpected: [] });
    expect(await to.stateDict()).toEqual(changed);
    const x = tf.ones([1, 4, 4, 2]) as tf.Tensor4D;
    expect(to.forward(x).dataSync()).toEqual(from.forward(x).dataSync());
    from.dispose();
    to.dispose();
  });

  test('copies the values that it loads and returns', async () => {
    const layer = new Linear(2, 1, { bias: false, random: new Random(1) });
    const values = Float32Array.of(5, 6);
    layer.loadStateDict(new Map([['weight', float32([1, 2], values)]]));
    values.fill(0);
    const saved = (await layer.stateDict()).get('weight')!;
    expect([...saved.data]).toEqual([5, 6]);
    saved.data.fill(0 as never);
    expect([...layer.weight.variable.dataSync()]).toEqual([5, 6]);
    layer.dispose();
  });

  test.each<[string, (state: StateDict) => void, RegExp]>([
    [
      'a missing key',
      (state) => state.delete('conv.bias'),
      /^Net: the state dict does not match: missing: "conv.bias"\.$/,
    ],
    [
      'an unexpected key',
      (state) => state.set('fc.weight', float32([], new Float32Array(1))),
      /unexpected: "fc.weight"/,
    ],
    [
      'another shape',
      (state) => state.set('conv.weight', float32([3, 2, 1, 1], new Float32Array(6))),
      /"conv.weight" has the shape \[3,2,1,1\], but requires \[3,2,3,3\]/,
    ],
    [
      'a kernel in the layout of memory',
      (state) => state.set('conv.weight', float32([3, 3, 2, 3], new Float32Array(54))),
      /has the shape \[3,3,2,3\], but requires \[3,2,3,3\]/,
    ],
    [
      'too few values',
      (state) => state.set('blocks.2.running', float32([3], new Float32Array(2))),
      /"blocks.2.running" has 2 values, but its shape requires 3/,
    ],
    [
      'a counter with dimensions',
      (state) => state.set('blocks.2.steps', { dtype: 'I64', shape: [1], data: BigInt64Array.of(1n) }),
      /"blocks.2.steps" has the shape \[1\], but requires \[\]/,
    ],
  ])('refuses %s and stays unchanged', async (_what, change, message) => {
    const net = new Net();
    const before = copyOf(await net.stateDict());
    const state = copyOf(before);
    for (const { data } of state.values()) if (data instanceof Float32Array) data.fill(7);
    change(state);
    expect(() => net.loadStateDict(state)).toThrow(StateDictError);
    expect(() => net.loadStateDict(state)).toThrow(message);
    expect(await net.stateDict()).toEqual(before);
    net.dispose();
  });

  test('reports all problems at once, and shortens long lists', async () => {
    const net = new Net();
    const state: StateDict = new Map(
      Array.from({ length: 9 }, (_, i) => [`x.${i}`, float32([], new Float32Array(1))]),
    );
    expect(() => net.loadStateDict(state)).toThrow(
      /missing: "conv.weight", "conv.bias", .*; unexpected: "x.0", "x.1", "x.2", "x.3", "x.4", "x.5" and 3 more\./,
    );
    net.dispose();
  });

  test('accepts missing counters', async () => {
    const net = new Net();
    const state = await net.stateDict();
    state.delete('blocks.0.steps');
    expect(net.loadStateDict(state)).toEqual({ missing: [], unexpected: [] });
    net.dispose();
  });

  test('loads the known keys and reports the others if not strict', async () => {
    const net = new Net();
    const state: StateDict = new Map([
      ['conv.bias', float32([3], Float32Array.of(1, 2, 3))],
      ['fc.weight', float32([], new Float32Array(1))],
    ]);
    const report = net.loadStateDict(state, { strict: false });
    expect(report.unexpected).toEqual(['fc.weight']);
    expect(report.missing).toEqual([
      'conv.weight',
      'blocks.0.scale',
      'blocks.0.running',
      'blocks.2.scale',
      'blocks.2.running',
    ]);
    expect([...net.conv.bias!.variable.dataSync()]).toEqual([1, 2, 3]);
    // A wrong shape is refused even then.
    state.set('conv.bias', float32([2], new Float32Array(2)));
    expect(() => net.loadStateDict(state, { strict: false })).toThrow(/"conv.bias" has the shape \[2\]/);
    net.dispose();
  });

  test('loads the keys with a prefix from a larger state dict', async () => {
    const net = new Net();
    const state = await net.stateDict('model.backbone.');
    for (const { data } of state.values()) if (data instanceof Float32Array) data.fill(2);
    state.set('model.head.weight', float32([], new Float32Array(1)));
    expect(() => net.loadStateDict(state)).toThrow(/missing: "conv.weight"/);
    expect(net.loadStateDict(state, { prefix: 'model.backbone.' })).toEqual({ missing: [], unexpected: [] });
    expect([...net.conv.bias!.variable.dataSync()]).toEqual([2, 2, 2]);
    net.dispose();
  });

  test('refuses a name that is declared twice', () => {
    class Twice extends Module {
      readonly a = this.counter('a');
      readonly b = this.counter('a');
      override forward(x: tf.Tensor): tf.Tensor {
        return x;
      }
    }
    expect(() => new Twice()).toThrow('Twice: "a" is declared twice.');
  });

  test('survives the tidy that created it, and leaves no tensors after dispose', () => {
    const before = tf.memory().numTensors;
    let net!: Net;
    tf.tidy(() => {
      net = new Net();
    });
    expect(tf.memory().numTensors).toBe(before + 6);
    tf.tidy(() => void net.forward(tf.ones([2, 5, 5, 2])));
    expect(tf.memory().numTensors).toBe(before + 6);
    net.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('has the same initial weights for the same random stream', async () => {
    const make = (seed: number) =>
      new Sequential(
        new Conv2d(3, 4, { kernelSize: 3, bias: true, random: new Random(seed, 'conv') }) as Module,
        new DepthwiseConv2d(4, { kernelSize: 5, random: new Random(seed, 'dw') }) as Module,
      );
    const [a, b, c] = [make(1), make(1), make(2)];
    expect(await a.stateDict()).toEqual(await b.stateDict());
    expect(await a.stateDict()).not.toEqual(await c.stateDict());
    for (const module of [a, b, c]) module.dispose();
  });
});
