/** A fault at every single call that changes the disk, one after the other: what a file then gives is a checkpoint. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { StateDict } from '@unitsphere/core';
import { CosFace } from '@unitsphere/margin-losses';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { start } from '../../../tools/workspace/backends.js';
import { Crash, type Fault, withFault } from '../../../tools/workspace/faults.js';
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

async function step(head: PartialFC): Promise<void> {
  const n = head.stepCount;
  const embeddings = tf.tensor2d(fill(2 * dimensions, n + 1), [2, dimensions]);
  const result = await head.forwardBackward(embeddings, Int32Array.of(n % classes, (5 * n + 1) % classes));
  await head.step({ lr: 0.05 });
  tf.dispose([embeddings, result.embeddingGradient]);
}

const centersOf = async (head: PartialFC) => [...(await head.store.readCenters(0, classes))];

/** Training with checkpoints; `last` is the one that a trainer would find on the disk. */
class Run {
  last: { state: StateDict; step: number } | undefined;
  head: PartialFC | undefined;

  async go(path: string, steps: number): Promise<void> {
    // A trainer that finds no checkpoint begins anew.
    this.head = open(path, !this.last);
    if (this.last) await this.head.loadStateDict(this.last.state);
    while (this.head.stepCount < steps) {
      await step(this.head);
      if (this.head.stepCount % 2 === 0) {
        const state = await this.head.stateDict();
        // The trainer's own files are written here.
        this.last = { state, step: this.head.stepCount };
        // Now and then the trainer does not say so, or goes on before it does.
        if (this.head.stepCount === 4) continue;
        if (this.head.stepCount === 6) await step(this.head);
        await this.head.checkpointWritten();
      }
    }
  }
}

/** The centers after each step of an undisturbed run. */
async function truth(steps: number): Promise<number[][]> {
  const head = open(join(folder, 'truth'));
  const centers = [await centersOf(head)];
  while (head.stepCount < steps) {
    await step(head);
    centers.push(await centersOf(head));
  }
  head.dispose();
  return centers;
}

test.each<[Fault]>([['crash'], ['full']])('%s at every call', { timeout: 120_000 }, async (fault) => {
  const steps = 8;
  const expected = await truth(steps);
  const calls = await withFault(fault, Number.POSITIVE_INFINITY, async () => {
    const run = new Run();
    await run.go(join(folder, 'count'), steps);
    run.head!.dispose();
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
    run.head?.dispose();
    // What a new program finds.
    const resumed = open(path, !run.last);
    if (run.last) await resumed.loadStateDict(run.last.state);
    expect(resumed.stepCount, `call ${at}`).toBe(run.last?.step ?? 0);
    expect(await centersOf(resumed), `call ${at}`).toEqual(expected[resumed.stepCount]);
    resumed.dispose();
    // And it can go on to the end.
    if (at % 4) continue;
    await run.go(path, steps);
    expect(await centersOf(run.head!), `call ${at}`).toEqual(expected[steps]);
    run.head!.dispose();
  }
});

test('a crash between the seal and the checkpoint leaves the checkpoint before', async () => {
  const path = join(folder, 'sealed');
  const expected = await truth(6);
  const head = open(path);
  for (let i = 0; i < 3; i++) await step(head);
  const first = await head.stateDict();
  await head.checkpointWritten();
  const was = readFileSync(path);
  for (let i = 0; i < 3; i++) await step(head);
  await head.stateDict();
  head.dispose();
  expect(readFileSync(path).equals(was)).toBe(true);
  const resumed = open(path);
  await resumed.loadStateDict(first);
  expect(await centersOf(resumed)).toEqual(expected[3]);
  resumed.dispose();
});
