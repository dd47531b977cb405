/** A fault at each call that changes the disk, one after the other: the file then holds the centers of a checkpoint. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { StateDict } from '@unitsphere/core';
import { CosFace } from '@unitsphere/margin-losses';
import { start } from '@unitsphere/testing/backends';
import { Crash, type Fault, withFault } from '@unitsphere/testing/faults';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fileStore } from '../src/file.js';
import { CenterStoreError, PartialFC } from '../src/index.js';
import { fill } from './reference.js';

const [classes, dimensions] = [12, 2];
const recordBytes = 4 * 3 * dimensions + 16;
let folder: string;

beforeEach(async () => {
  await start('cpu');
  folder = mkdtempSync(join(tmpdir(), 'centers-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (path: string, overwrite = false) =>
  new PartialFC({
    classes,
    dimensions,
    loss: new CosFace({ scale: 8 }),
    sampledClasses: 4,
    seed: 3,
    store: fileStore(path, { cacheBytes: 2 * recordBytes, ioThreads: 0, overwrite }),
  });

async function step(partialFC: PartialFC): Promise<void> {
  const n = partialFC.stepCount;
  const embeddings = tf.tensor2d(fill(2 * dimensions, n + 1), [2, dimensions]);
  const result = await partialFC.forwardBackward(
    embeddings,
    Int32Array.of(n % classes, (5 * n + 1) % classes),
  );
  await partialFC.step({ lr: 0.05 });
  tf.dispose([embeddings, result.embeddingGradient]);
}

const centersOf = async (partialFC: PartialFC) => [...(await partialFC.store.readCenters(0, classes))];

/** Training with checkpoints. `last` is the one that a trainer would find on disk. */
class Run {
  last: { state: StateDict; step: number } | undefined;
  partialFC: PartialFC | undefined;

  async go(path: string, steps: number): Promise<void> {
    // A trainer that finds no checkpoint starts again.
    this.partialFC = open(path, !this.last);
    if (this.last) await this.partialFC.loadStateDict(this.last.state);
    while (this.partialFC.stepCount < steps) {
      await step(this.partialFC);
      if (this.partialFC.stepCount % 2 === 0) {
        const state = await this.partialFC.stateDict();
        // A trainer would write its own files here.
        this.last = { state, step: this.partialFC.stepCount };
        // Sometimes the trainer does not confirm the checkpoint, or confirms it one step later.
        if (this.partialFC.stepCount === 4) continue;
        if (this.partialFC.stepCount === 6) await step(this.partialFC);
        await this.partialFC.checkpointWritten();
      }
    }
  }
}

/** Returns the centers after each step of an undisturbed run. */
async function runUndisturbed(steps: number): Promise<number[][]> {
  const partialFC = open(join(folder, 'truth'));
  const centers = [await centersOf(partialFC)];
  while (partialFC.stepCount < steps) {
    await step(partialFC);
    centers.push(await centersOf(partialFC));
  }
  partialFC.dispose();
  return centers;
}

test.each<[Fault]>([['crash'], ['full']])(
  'a fault of kind %s at any call leaves the centers of a checkpoint',
  { timeout: 120_000 },
  async (fault) => {
    const steps = 8;
    const expected = await runUndisturbed(steps);
    const calls = await withFault(fault, Number.POSITIVE_INFINITY, async () => {
      const run = new Run();
      await run.go(join(folder, 'count'), steps);
      run.partialFC!.dispose();
    });
    expect(calls).toBeGreaterThan(60);
    for (let at = 0; at < calls; at++) {
      const path = join(folder, `at-${at}`);
      const run = new Run();
      let error: unknown;
      await withFault(fault, at, async () => {
        await run.go(path, steps).catch((caught) => {
          error = caught;
        });
      });
      if (fault === 'crash') {
        expect(error, `call ${at}`).toBeInstanceOf(Crash);
      } else if (error) {
        expect(error, `call ${at}`).toBeInstanceOf(CenterStoreError);
        expect((error as Error).message).toContain('the disk is full');
        expect((error as Error).message).toContain('resume from that checkpoint');
      }
      run.partialFC?.dispose();
      // The state that a new program finds.
      const resumed = open(path, !run.last);
      if (run.last) await resumed.loadStateDict(run.last.state);
      expect(resumed.stepCount, `call ${at}`).toBe(run.last?.step ?? 0);
      expect(await centersOf(resumed), `call ${at}`).toEqual(expected[resumed.stepCount]);
      resumed.dispose();
      // The new program can resume and finish.
      if (at % 4) continue;
      await run.go(path, steps);
      expect(await centersOf(run.partialFC!), `call ${at}`).toEqual(expected[steps]);
      run.partialFC!.dispose();
    }
  },
);

test('a crash between the seal and the checkpoint keeps the previous checkpoint', async () => {
  const path = join(folder, 'sealed');
  const expected = await runUndisturbed(6);
  const partialFC = open(path);
  for (let i = 0; i < 3; i++) await step(partialFC);
  const first = await partialFC.stateDict();
  await partialFC.checkpointWritten();
  const before = readFileSync(path);
  for (let i = 0; i < 3; i++) await step(partialFC);
  await partialFC.stateDict();
  partialFC.dispose();
  expect(readFileSync(path).equals(before)).toBe(true);
  const resumed = open(path);
  await resumed.loadStateDict(first);
  expect(await centersOf(resumed)).toEqual(expected[3]);
  resumed.dispose();
});
