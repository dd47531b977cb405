/** Rows so long that those of a step are transferred to the backend and back in several parts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { CosFace } from '@unitsphere/margin-losses';
import { start } from '@unitsphere/testing/backends';
import { describe, expect, onTestFinished, test } from 'vitest';
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

// Three rows per part.
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

async function step(partialFC: PartialFC): Promise<number> {
  const embeddings = tf.tensor2d(fill(2 * dimensions, partialFC.stepCount + 1), [2, dimensions]);
  const result = await partialFC.forwardBackward(
    embeddings,
    Int32Array.of(partialFC.stepCount % classes, 12),
  );
  await partialFC.step({ lr: 0.05 });
  tf.dispose([embeddings, result.embeddingGradient]);
  return result.loss;
}

async function train(store: StoreFactory, optimizer: RowOptimizer) {
  const before = tf.memory().numTensors;
  const partialFC = make(store, optimizer);
  const losses: number[] = [];
  for (let i = 0; i < 4; i++) losses.push(await step(partialFC));
  const centers = await partialFC.store.readCenters(0, classes);
  partialFC.dispose();
  expect(tf.memory().numTensors).toBe(before);
  return { losses, centers };
}

/** Whether values are bit-identical. `expect` would take long for millions of them. */
const isSame = (a: Float32Array, b: Float32Array) => Buffer.from(a.buffer).equals(Buffer.from(b.buffer));

/** Fails at call number `failAt`. */
class FailingAdamW extends RowAdamW {
  calls = 0;
  failAt = Number.POSITIVE_INFINITY;
  override update(...args: Parameters<RowAdamW['update']>): void {
    if (++this.calls === this.failAt) throw new Error('no room');
    super.update(...args);
  }
}

// Only on this backend do rows this long take less than minutes.
describe.each(['wasm'])('%s', (backend) => {
  test.each(['frozen', 'caught-up'] as const)('several parts equal a single part, %s', async (unsampled) => {
    await start(backend);
    const optimizer = new RowAdamW({ unsampled });
    const expected = await train(deviceStore(), optimizer);
    // Caches for all rows, for less than a step's rows and for less than a part's rows.
    for (const store of [hostStore(), file(classes), file(5), file(2)]) {
      const { losses, centers } = await train(store, optimizer);
      expect(losses).toEqual(expected.losses);
      expect(isSame(centers, expected.centers)).toBe(true);
    }
  });

  test.each<[string, () => StoreFactory]>([
    ['host', hostStore],
    ['file', () => file(classes)],
  ])('a failure between two parts blocks the rows: %s store', async (_, store) => {
    await start(backend);
    const optimizer = new FailingAdamW();
    const partialFC = make(store(), optimizer);
    await step(partialFC);
    const state = await partialFC.stateDict();
    await partialFC.checkpointWritten();
    const centers = await partialFC.store.readCenters(0, classes);
    // A failure in the first part changes nothing.
    optimizer.failAt = optimizer.calls + 1;
    await expect(step(partialFC)).rejects.toThrow('no room');
    expect(isSame(await partialFC.store.readCenters(0, classes), centers)).toBe(true);
    optimizer.failAt = optimizer.calls + 2;
    await expect(step(partialFC)).rejects.toThrow('no room');
    await expect(step(partialFC)).rejects.toThrow(CenterStoreError);
    await expect(partialFC.stateDict()).rejects.toThrow(
      'stored only in part: no room Load the state of the last checkpoint',
    );
    await partialFC.loadStateDict(state);
    expect(isSame(await partialFC.store.readCenters(0, classes), centers)).toBe(true);
    await step(partialFC);
    partialFC.dispose();
  });
});
