import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors, writeSafetensors } from '@unitsphere/core';
import { start } from '@unitsphere/testing/backends';
import { expect, test } from 'vitest';
import { fileStore } from '../src/file.js';
import { CenterStoreError } from '../src/index.js';
import { centersPath, classes, createPartialFC, openPartialFC, trainStep } from './fixtures/trainer.js';

/** Flips per file. The campaign sets more. */
const FLIPS = Number(process.env['UNITSPHERE_FLIPS'] ?? 32);
const CHECKPOINT = 'checkpoint.safetensors';

/** Reads all centers as of the checkpoint. */
async function readCenters(folder: string): Promise<number[]> {
  const partialFC = createPartialFC(fileStore(centersPath(folder), { ioThreads: 0 }));
  try {
    await partialFC.loadStateDict(readSafetensors(readFileSync(join(folder, CHECKPOINT))).tensors);
    return [...(await partialFC.store.readCenters(0, classes))];
  } finally {
    partialFC.dispose();
  }
}

/** Trains, and stops after a checkpoint whose rows are in the journal (not confirmed), or in the center file. */
async function train(folder: string, isConfirmed: boolean): Promise<void> {
  const partialFC = await openPartialFC(folder);
  for (const checkpoint of [1, 2, 3]) {
    for (let step = 0; step < 2; step++) await trainStep(partialFC);
    writeFileSync(join(folder, CHECKPOINT), writeSafetensors(await partialFC.stateDict()));
    if (checkpoint < 3 || isConfirmed) await partialFC.checkpointWritten();
  }
  await trainStep(partialFC);
  partialFC.dispose();
}

/** One byte of each region of a file, and bytes of both copies of a center file's header. */
function positions(name: string, length: number): number[] {
  if (length === 0) return [];
  const regions = Array.from({ length: FLIPS }, (_, i) => Math.floor(((i + 0.5) * length) / FLIPS));
  const header = [0, 9, 13, 40, 120].flatMap((at) => [at, 4096 + at]);
  return name.endsWith('.centers') ? [...header, ...regions] : regions;
}

test.each([
  ['whose rows are in the journal', false],
  ['whose rows are in the center file', true],
])(
  `a flipped bit in any region of the files of centers, after a checkpoint %s, is reported with the file, or changes nothing`,
  { timeout: 60_000 + 1000 * FLIPS },
  async (_, isConfirmed) => {
    await start('wasm');
    const folder = mkdtempSync(join(tmpdir(), 'flipped-'));
    try {
      await train(folder, isConfirmed);
      const names = readdirSync(folder).filter((name) => name !== CHECKPOINT);
      const whole = new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
      // Opening moves rows, so every opening starts with the same files.
      const restore = () => {
        for (const name of readdirSync(folder)) if (name !== CHECKPOINT) rmSync(join(folder, name));
        for (const [name, bytes] of whole) writeFileSync(join(folder, name), bytes);
      };
      const expected = await readCenters(folder);
      const detected = new Map(names.map((name) => [name, 0]));
      for (const [name, bytes] of whole) {
        for (const at of positions(name, bytes.length)) {
          const flipped = Buffer.from(bytes);
          flipped[at] ^= 1 << (at % 8);
          restore();
          writeFileSync(join(folder, name), flipped);
          try {
            expect(await readCenters(folder), `${name}, byte ${at}`).toEqual(expected);
          } catch (error) {
            if ((error as Error).name === 'AssertionError') throw error;
            expect(error, `${name}, byte ${at}: ${(error as Error).message}`).toBeInstanceOf(
              CenterStoreError,
            );
            expect((error as Error).message, `byte ${at}`).toContain(name);
            detected.set(name, (detected.get(name) as number) + 1);
          }
        }
      }
      expect([...detected.keys()]).toEqual([
        'classes.centers',
        'classes.centers.journal',
        ...(isConfirmed ? [] : ['classes.centers.journal-3.index']),
      ]);
      for (const [name, count] of detected) {
        if (whole.get(name)?.length) expect(count, name).toBeGreaterThan(0.6 * FLIPS);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
