/** A trainer that is killed repeatedly: its centers are always those of its checkpoint. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '@unitsphere/core';
import { start } from '@unitsphere/testing/backends';
import { bundleModule } from '@unitsphere/testing/bundle-module';
import { expect, test } from 'vitest';
import { hostStore } from '../src/index.js';
import { classes, createPartialFC, openPartialFC, trainStep } from './fixtures/trainer.js';

/** Kills of the trainer. The campaign sets more. */
const KILLS = Number(process.env['UNITSPHERE_KILLS'] ?? 3);

test(`after each of ${KILLS} kills the centers are those of the checkpoint`, {
  timeout: 240_000,
}, async () => {
  await start('wasm');
  const program = bundleModule('./fixtures/trainer.ts', import.meta.url);
  const folder = mkdtempSync(join(tmpdir(), 'killed-'));
  const random = new Random(1, 'kills');
  // The same training, undisturbed and in memory.
  const truth = createPartialFC(hostStore());
  const steps: number[] = [];
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      const child = fork(program, ['train', folder]);
      const ended = once(child, 'exit');
      await Promise.race([once(child, 'message'), ended]);
      // One checkpoint exists. Steps and further checkpoints follow without a pause.
      await sleep(random.uniform(0, 200));
      child.kill('SIGKILL');
      const [, signal] = await ended;
      expect(signal).toBe('SIGKILL');
      const partialFC = await openPartialFC(folder);
      while (truth.stepCount < partialFC.stepCount) await trainStep(truth);
      expect([...(await partialFC.store.readCenters(0, classes))]).toEqual([
        ...(await truth.store.readCenters(0, classes)),
      ]);
      expect(partialFC.stepCount).toBeGreaterThan(steps.at(-1) ?? 0);
      steps.push(partialFC.stepCount);
      partialFC.dispose();
    }
    expect(new Set(steps).size).toBe(KILLS);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
