/** A trainer that is killed again and again: its centers are always those of its checkpoint. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '@unitsphere/core';
import { expect, test } from 'vitest';
import { start } from '../../../tools/workspace/backends.js';
import { bundleModule } from '../../../tools/workspace/bundle-module.js';
import { hostStore } from '../src/index.js';
import { classes, makeHead, openHead, trainStep } from './fixtures/trainer.js';

const KILLS = 12;

test(`after each of ${KILLS} kills the centers are those of the checkpoint`, {
  timeout: 240_000,
}, async () => {
  await start('wasm');
  const program = bundleModule('./fixtures/trainer.ts', import.meta.url);
  const folder = mkdtempSync(join(tmpdir(), 'killed-'));
  const random = new Random(1, 'kills');
  // What an undisturbed training has, in memory.
  const truth = makeHead(hostStore());
  const steps: number[] = [];
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      const child = fork(program, ['train', folder]);
      const ended = once(child, 'exit');
      await Promise.race([once(child, 'message'), ended]);
      // A checkpoint is done; steps and further ones follow one another without a pause.
      await sleep(random.uniform(0, 200));
      child.kill('SIGKILL');
      const [, signal] = await ended;
      expect(signal).toBe('SIGKILL');
      const head = await openHead(folder);
      while (truth.stepCount < head.stepCount) await trainStep(truth);
      expect([...(await head.store.readCenters(0, classes))]).toEqual([
        ...(await truth.store.readCenters(0, classes)),
      ]);
      expect(head.stepCount).toBeGreaterThan(steps.at(-1) ?? 0);
      steps.push(head.stepCount);
      head.dispose();
    }
    expect(new Set(steps).size).toBe(KILLS);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
