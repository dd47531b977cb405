/** Rows so long that a step's go to the backend and back in several parts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { CosFace } from '@unitsphere/margin-losses';
import { describe, expect, onTestFinished, test } from 'vitest';
import { start } from '../../../tools/workspace/backends.js';
import { fileStore } from '../src/file.js';
import {
  CenterStoreError,
  deviceStore,
  hostStore,
  PartialFC,
  RowAdamW,
  type RowOptimizer,
  type StoreFactory,
} from '../src/index.js';
import { fill } from './reference.js';

// Three rows a part.
const [classes, dimensions] = [13, 2 ** 17 + 2 ** 15];
const recordBytes = 4 * 3 * dimensions + 16;

function file(records: number): StoreFactory {
  const path = mkdtempSync(join(tmpdir(), 'unitsphere-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return fileStore(join(path, 'centers'), { ioThreads: 0, cacheBytes: records * recordBytes });
}

const make = (store: StoreFactory, optimizer: RowOptimizer) =>
  new PartialFC({
    ...{ classes, dimensions, store, optimizer, sampledClasses: 8, seed: 3 },
    loss: new CosFace({ scale: 8 }),
  });

async function step(head: PartialFC): Promise<number> {
  const embeddings = tf.tensor2d(fill(2 * dimensions, head.stepCount + 1), [2, dimensions]);
  const result = await head.forwardBackward(embeddings, Int32Array.of(head.stepCount % classes, 12));
  await head.step({ lr: 0.05 });
  tf.dispose([embeddings, result.embeddingGradient]);
  return result.loss;
}

async function course(store: StoreFactory, optimizer: RowOptimizer) {
  const before = tf.memory().numTensors;
  const head = make(store, optimizer);
  const losses: number[] = [];
  for (let i = 0; i < 4; i++) losses.push(await step(head));
  const centers = await head.store.readCenters(0, classes);
  head.dispose();
  expect(tf.memory().numTensors).toBe(before);
  return { losses, centers };
}

/** To the bit; expect() would look at each of millions. */
const same = (a: Float32Array, b: Float32Array) => Buffer.from(a.buffer).equals(Buffer.from(b.buffer));

/** Fails at the n-th call. */
class Failing extends RowAdamW {
  calls = 0;
  failAt = Number.POSITIVE_INFINITY;
  override update(...args: Parameters<RowAdamW['update']>): void {
    if (++this.calls === this.failAt) throw new Error('no room');
    super.update(...args);
  }
}

// The one backend on which rows this long take no minutes.
describe.each(['wasm'])('%s', (backend) => {
  test.each(['frozen', 'caught-up'] as const)('give what one part gives, %s', async (unsampled) => {
    await start(backend);
    const optimizer = new RowAdamW({ unsampled });
    const expected = await course(deviceStore(), optimizer);
    // A cache of all rows, and ones that hold less than a step's and less than a part's.
    for (const store of [hostStore(), file(classes), file(5), file(2)]) {
      const { losses, centers } = await course(store, optimizer);
      expect(losses).toEqual(expected.losses);
      expect(same(centers, expected.centers)).toBe(true);
    }
  });

  test.each<[string, () => StoreFactory]>([
    ['host', hostStore],
    ['file', () => file(classes)],
  ])('a failure between two leaves no half of a step to use: %s store', async (_, store) => {
    await start(backend);
    const optimizer = new Failing();
    const head = make(store(), optimizer);
    await step(head);
    const state = await head.stateDict();
    await head.checkpointWritten();
    const centers = await head.store.readCenters(0, classes);
    // Before the first part nothing is changed.
    optimizer.failAt = optimizer.calls + 1;
    await expect(step(head)).rejects.toThrow('no room');
    expect(same(await head.store.readCenters(0, classes), centers)).toBe(true);
    optimizer.failAt = optimizer.calls + 2;
    await expect(step(head)).rejects.toThrow('no room');
    await expect(step(head)).rejects.toThrow(CenterStoreError);
    await expect(head.stateDict()).rejects.toThrow(
      'not kept whole: no room Load the state of the last checkpoint',
    );
    await head.loadStateDict(state);
    expect(same(await head.store.readCenters(0, classes), centers)).toBe(true);
    await step(head);
    head.dispose();
  });
});
