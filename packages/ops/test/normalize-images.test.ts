import * as tf from '@tensorflow/tfjs-core';
import { everyBackend, start } from '@unitsphere/testing/backends';
import { describe, expect, test } from 'vitest';
import { normalizeImages } from '../src/index.js';

const statistics = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

describe.each(everyBackend)('%s', (backend) => {
  test('rounds the float64 result for every byte of every channel', async () => {
    await start(backend);
    const before = tf.memory().numTensors;
    // 256 pixels, each with one byte value in all three channels.
    const images = Uint8Array.from({ length: 2 * 16 * 8 * 3 }, (_, i) => Math.floor(i / 3));
    const tensor = normalizeImages(images, [16, 8], statistics);
    expect(tensor.shape).toEqual([2, 16, 8, 3]);
    const expected = Float32Array.from(images, (byte, i) => {
      const channel = i % 3;
      return (byte / 255 - statistics.mean[channel]) / statistics.std[channel];
    });
    expect([...(await tensor.data())]).toEqual([...expected]);
    tensor.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('returns an empty tensor for no images, and refuses partial images and a deviation of 0', async () => {
    await start(backend);
    const none = normalizeImages(new Uint8Array(0), [4, 4], statistics);
    expect(none.shape).toEqual([0, 4, 4, 3]);
    none.dispose();
    expect(() => normalizeImages(new Uint8Array(50), [4, 4], statistics)).toThrow(
      'normalizeImages: 50 bytes are not whole 4x4 RGB images.',
    );
    expect(() => normalizeImages(new Uint8Array(48), [4, 4], { ...statistics, std: [1, 0, 1] })).toThrow(
      'normalizeImages: std is [1, 0, 1]; no value may be 0.',
    );
  });
});
