/** Centers given from outside, as when classes are added to a trained head. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { CosFace } from '@unitsphere/margin-losses';
import { describe, expect, onTestFinished, test } from 'vitest';
import { everyBackend, start } from '../../../tools/workspace/backends.js';
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
  test.each(stores)('the centers given are there, the others as they were: %s store', async (_, store) => {
    await start(backend);
    const before = tf.memory().numTensors;
    const head = make(store());
    const was = await head.store.readCenters(0, classes);
    const given = fill(3 * dimensions, 5, 2);
    await head.setCenters(Int32Array.of(1, 4, 10), given);
    const is = await head.store.readCenters(0, classes);
    const expected = was.slice();
    [1, 4, 10].forEach((row, i) => {
      expected.set(given.subarray(i * dimensions, (i + 1) * dimensions), row * dimensions);
    });
    expect([...is]).toEqual([...expected]);
    // A step from there, and a save, hold them too.
    const embeddings = tf.tensor2d(fill(2 * dimensions, 8, 1), [2, dimensions]);
    const { embeddingGradient } = await head.forwardBackward(embeddings, Int32Array.of(1, 2));
    await head.step({ lr: 0 });
    expect([...(await head.store.readCenters(4, 5))]).toEqual([
      ...given.subarray(dimensions, 2 * dimensions),
    ]);
    tf.dispose([embeddings, embeddingGradient]);
    head.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('what cannot be centers is refused, and nothing is changed', async () => {
  await start('wasm');
  const head = make(hostStore());
  const was = [...(await head.store.readCenters(0, classes))];
  const values = (count: number) => new Float32Array(count * dimensions).fill(1);
  await expect(head.setCenters(Int32Array.of(1, 2), values(3))).rejects.toThrow(
    '2 classes of 6 dimensions came with 18 values',
  );
  await expect(head.setCenters(Int32Array.of(2, 1), values(2))).rejects.toThrow(
    /ascending.*class 1 is at place 1/,
  );
  await expect(head.setCenters(Int32Array.of(2, 2), values(2))).rejects.toThrow(RangeError);
  await expect(head.setCenters(Int32Array.of(11), values(1))).rejects.toThrow('from 0 to 10, but class 11');
  const odd = values(2);
  odd[7] = Number.NaN;
  await expect(head.setCenters(Int32Array.of(3, 9), odd)).rejects.toThrow(NotFiniteError);
  await expect(head.setCenters(Int32Array.of(3, 9), odd)).rejects.toThrow('for class 9 holds NaN');
  expect([...(await head.store.readCenters(0, classes))]).toEqual(was);
  head.dispose();
});
