import * as tf from '@tensorflow/tfjs-core';
import { backends, start } from '@unitsphere/testing/backends';
import { describe, expect, test } from 'vitest';
import { Buffer, Conv2d, DepthwiseConv2d, float32, Linear, Parameter, Random } from '../src/index.js';

const iota = (count: number) => Float32Array.from({ length: count }, (_, i) => i);

describe.each(backends)('Parameter on %s', (backend) => {
  test('stores a convolution kernel as HWIO in memory and OIHW on disk', async () => {
    await start(backend);
    const [h, w, i, o] = [2, 3, 4, 5];
    const parameter = new Parameter([h, w, i, o], iota(h * w * i * o), { layout: 'conv' });
    expect(parameter.shape).toEqual([h, w, i, o]);
    expect(parameter.diskShape).toEqual([o, i, h, w]);
    const { data, shape, dtype } = await parameter.toHost();
    expect({ shape, dtype }).toEqual({ shape: [o, i, h, w], dtype: 'F32' });
    for (let a = 0; a < o; a++)
      for (let b = 0; b < i; b++)
        for (let c = 0; c < h; c++)
          for (let d = 0; d < w; d++)
            expect(data[((a * i + b) * h + c) * w + d]).toBe(((c * w + d) * i + b) * o + a);
    const other = new Parameter([h, w, i, o], new Float32Array(data.length), { layout: 'conv' });
    other.fromHost({ dtype, shape, data });
    expect(other.variable.dataSync()).toEqual(iota(h * w * i * o));
    parameter.dispose();
    other.dispose();
  });

  test('stores a depthwise kernel as [h, w, c, 1] in memory and [c, 1, h, w] on disk', async () => {
    await start(backend);
    const [h, w, c] = [2, 3, 5];
    const parameter = new Parameter([h, w, c, 1], iota(h * w * c), { layout: 'depthwise' });
    expect(parameter.diskShape).toEqual([c, 1, h, w]);
    const host = await parameter.toHost();
    for (let a = 0; a < c; a++)
      for (let y = 0; y < h; y++)
        for (let x = 0; x < w; x++) expect(host.data[(a * h + y) * w + x]).toBe((y * w + x) * c + a);
    const other = new Parameter([h, w, c, 1], new Float32Array(h * w * c), { layout: 'depthwise' });
    other.fromHost(host);
    expect(other.variable.dataSync()).toEqual(iota(h * w * c));
    parameter.dispose();
    other.dispose();
  });

  test('loads half precision', async () => {
    await start(backend);
    const parameter = new Parameter([2], new Float32Array(2));
    parameter.fromHost({ dtype: 'F16', shape: [2], data: Uint16Array.of(0x3c00, 0xc000) });
    expect([...parameter.variable.dataSync()]).toEqual([1, -2]);
    parameter.dispose();
  });

  test("copies the caller's values, and leaves no tensors after loading", async () => {
    await start(backend);
    const before = tf.memory().numTensors;
    const values = iota(3);
    const parameter = new Parameter([3], values);
    values.fill(9);
    expect([...parameter.variable.dataSync()]).toEqual([0, 1, 2]);
    parameter.fromHost(float32([3], Float32Array.of(4, 5, 6)));
    expect(tf.memory().numTensors).toBe(before + 1);
    parameter.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('is trainable unless it is a buffer', async () => {
    await start(backend);
    const parameter = new Parameter([1], iota(1));
    const buffer = new Buffer([1], iota(1));
    expect([parameter.trainable, parameter.variable.trainable]).toEqual([true, true]);
    expect([buffer.trainable, buffer.variable.trainable, buffer.weightDecay]).toEqual([false, false, false]);
    parameter.dispose();
    buffer.dispose();
  });

  test('refuses values that do not match the shape or layout', async () => {
    await start(backend);
    const before = tf.memory().numTensors;
    expect(() => new Parameter([2, 2], iota(3))).toThrow('Parameter: 3 values do not match the shape [2,2].');
    expect(() => new Parameter([2, 2], iota(4), { layout: 'conv' })).toThrow(
      /layout "conv" requires 4 dimensions/,
    );
    expect(tf.memory().numTensors).toBe(before);
    const parameter = new Parameter([2, 3], iota(6));
    expect(() => parameter.fromHost(float32([3, 2], iota(6)))).toThrow(
      /have the shape \[3,2\], but \[2,3\] is required/,
    );
    parameter.dispose();
  });
});

describe('initial weights', () => {
  const deviation = (values: ArrayLike<number>) =>
    Math.sqrt(Array.from(values).reduce((sum, x) => sum + x * x, 0) / values.length);

  test('of a convolution are N(0, sqrt(2 / (kernelSize² · outChannels / groups)))', async () => {
    await start('cpu');
    const conv = new Conv2d(16, 32, { kernelSize: 3, bias: true, random: new Random(1) });
    expect(deviation(conv.weight.variable.dataSync()) / Math.sqrt(2 / (9 * 32))).toBeCloseTo(1, 1);
    expect([...conv.bias!.variable.dataSync()]).toEqual(new Array(32).fill(0));
    const depthwise = new DepthwiseConv2d(200, { kernelSize: 5, random: new Random(1) });
    expect(deviation(depthwise.weight.variable.dataSync()) / Math.sqrt(2 / 25)).toBeCloseTo(1, 1);
    conv.dispose();
    depthwise.dispose();
  });

  test('of a linear layer are U(±1/sqrt(inFeatures)), weight and bias', async () => {
    await start('cpu');
    const linear = new Linear(64, 100, { random: new Random(1) });
    for (const { variable } of linear.parameters()) {
      const values = variable.dataSync();
      const largest = Math.max(...Array.from(values, Math.abs));
      expect(largest).toBeLessThanOrEqual(1 / 8);
      expect(largest).toBeGreaterThan(0.9 / 8);
      expect(deviation(values) * 8 * Math.sqrt(3)).toBeCloseTo(1, 0);
    }
    linear.dispose();
  });
});
