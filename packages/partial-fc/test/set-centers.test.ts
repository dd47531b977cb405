/** Centers that are set from outside, for example to add classes to a trained PartialFC. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { CosFace } from '@unitsphere/margin-losses';
import { everyBackend, start } from '@unitsphere/testing/backends';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fileStore } from '../src/file.js';
import {
  deviceStore,
  hostStore,
  NotFiniteError,
  PartialFC,
  RowSGD,
  type StoreFactory,
} from '../src/index.js';
import { fill } from './reference.js';

const [classes, dimensions] = [11, 6];

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'unitsphere-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const make = (store: StoreFactory) =>
  new PartialFC({ classes, dimensions, loss: new CosFace(), optimizer: new RowSGD(), store, seed: 3 });

const stores: [string, () => StoreFactory][] = [
  ['device', deviceStore],
  ['host', hostStore],
  ['file', () => fileStore(join(folder(), 'centers'), { ioThreads: 0, cacheBytes: 200 })],
];

describe.each(everyBackend)('%s', (backend) => {
  test.each(stores)('replaces the given centers and keeps the others: %s store', async (_, store) => {
    await start(backend);
    const tensors = tf.memory().numTensors;
    const partialFC = make(store());
    const before = await partialFC.store.readCenters(0, classes);
    const given = fill(3 * dimensions, 5, 2);
    await partialFC.setCenters(Int32Array.of(1, 4, 10), given);
    const after = await partialFC.store.readCenters(0, classes);
    const expected = before.slice();
    [1, 4, 10].forEach((row, i) => {
      expected.set(given.subarray(i * dimensions, (i + 1) * dimensions), row * dimensions);
    });
    expect([...after]).toEqual([...expected]);
    // A step keeps them.
    const embeddings = tf.tensor2d(fill(2 * dimensions, 8, 1), [2, dimensions]);
    const { embeddingGradient } = await partialFC.forwardBackward(embeddings, Int32Array.of(1, 2));
    await partialFC.step({ lr: 0 });
    expect([...(await partialFC.store.readCenters(4, 5))]).toEqual([
      ...given.subarray(dimensions, 2 * dimensions),
    ]);
    tf.dispose([embeddings, embeddingGradient]);
    partialFC.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
  });
});

test('refuses invalid centers and changes nothing', async () => {
  await start('wasm');
  const partialFC = make(hostStore());
  const before = [...(await partialFC.store.readCenters(0, classes))];
  const values = (count: number) => new Float32Array(count * dimensions).fill(1);
  await expect(partialFC.setCenters(Int32Array.of(1, 2), values(3))).rejects.toThrow(
    'setCenters got 18 values for 2 classes of 6 dimensions',
  );
  await expect(partialFC.setCenters(Int32Array.of(2, 1), values(2))).rejects.toThrow(
    /ascending.*class 1 is at index 1/,
  );
  await expect(partialFC.setCenters(Int32Array.of(2, 2), values(2))).rejects.toThrow(RangeError);
  await expect(partialFC.setCenters(Int32Array.of(11), values(1))).rejects.toThrow(
    'from 0 to 10, but class 11',
  );
  const broken = values(2);
  broken[7] = Number.NaN;
  await expect(partialFC.setCenters(Int32Array.of(3, 9), broken)).rejects.toThrow(NotFiniteError);
  await expect(partialFC.setCenters(Int32Array.of(3, 9), broken)).rejects.toThrow(
    'got NaN in the center of class 9',
  );
  expect([...(await partialFC.store.readCenters(0, classes))]).toEqual(before);
  partialFC.dispose();
});
