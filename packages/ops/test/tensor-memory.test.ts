import * as tf from '@tensorflow/tfjs-core';
import { everyBackend, start } from '@unitsphere/testing/backends';
import { afterEach, describe, expect, test } from 'vitest';
import { readTensors, writeTensors } from '../src/index.js';

describe.each(everyBackend)('%s', (backend) => {
  let before = 0;
  const count = () => tf.memory().numTensors;
  afterEach(() => expect(count()).toBe(before));

  test('reads what was written, even if memory grows between two tensors', async () => {
    await start(backend);
    before = count();
    // 24 MB exceed the WebAssembly heap, which has 16 MB at first.
    const tensors = writeTensors([[2, 3], [6_000_000], [0, 4]], ([small, large, none]) => {
      small.set([1, 2, 3, 4, 5, 6]);
      large.fill(7);
      expect(none).toHaveLength(0);
    });
    expect(tensors.map(({ shape, dtype }) => [shape, dtype])).toEqual([
      [[2, 3], 'float32'],
      [[6_000_000], 'float32'],
      [[0, 4], 'float32'],
    ]);
    expect([...(await tensors[0].data())]).toEqual([1, 2, 3, 4, 5, 6]);
    const twice = tf.mul(tensors[0], 2);
    const seen = await readTensors([twice, tensors[1]], ([small, large]) => [...small, large[5_999_999]]);
    expect(seen).toEqual([2, 4, 6, 8, 10, 12, 7]);
    tf.dispose([...tensors, twice]);
  });

  test('rethrows an error of the function, and leaves no tensor', async () => {
    await start(backend);
    before = count();
    const fail = () => {
      throw new Error('a damaged record');
    };
    expect(() => writeTensors([[2], [3]], fail)).toThrow('a damaged record');
    const one = tf.tensor1d([1]);
    await expect(readTensors([one], fail)).rejects.toThrow('a damaged record');
    one.dispose();
  });
});
