import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { createFile, replaceFolder, syncFolder, temporaryPath } from '@unitsphere/core/disk';
import { shellArgument } from '../shell-argument.js';
import { UserError } from '../user-error.js';
import {
  type Checkpoint,
  type CheckpointState,
  checkpointName,
  checkpointStep,
  DamagedCheckpointError,
  fingerprint,
  formatState,
  readCheckpoint,
  readState,
  STATE_FILE,
} from './checkpoint.js';
import { diskError } from './disk-error.js';
import { RUN_FILES, RunDirectory } from './run-directory.js';

/** Options of {@link writeCheckpoint}. */
export interface WriteCheckpointOptions {
  /** Number of newest checkpoints to keep, including this one; the best is kept in addition. Default: all. */
  keep?: number;
  /** Marks this checkpoint as the best so far, with the figures, for example `{ tpr: 0.83, fpr: 1e-3 }`. */
  best?: Record<string, unknown>;
}

/**
 * Writes a checkpoint atomically: syncs each file in a temporary folder, then state.json with their sizes and checksums, then
 * renames the folder. Afterward it deletes checkpoints that need not be kept.
 *
 * @param files Bytes by file name; plain names other than state.json.
 * @param state Further state, as JSON.
 * @throws UserError if the disk is full or not writable; earlier checkpoints are unchanged.
 * @throws RangeError for an invalid step or file name.
 */
export async function writeCheckpoint(
  run: RunDirectory,
  step: number,
  files: Record<string, Uint8Array>,
  state: Record<string, unknown>,
  options: WriteCheckpointOptions = {},
): Promise<string> {
  if (!Number.isSafeInteger(step) || step < 0)
    throw new RangeError(`writeCheckpoint: step must be a non-negative integer, not ${step}.`);
  for (const name of Object.keys(files)) {
    if (name === '' || name !== basename(name) || name === STATE_FILE || name.startsWith('.')) {
      throw new RangeError(`writeCheckpoint: "${name}" is not a valid file name; use a plain name.`);
    }
  }
  const folder = run.file(RUN_FILES.checkpoints);
  const path = join(folder, checkpointName(step));
  const temporary = temporaryPath(path);
  const fingerprints = Object.fromEntries(
    Object.entries(files).map(([name, bytes]) => [name, fingerprint(bytes)]),
  );
  const saved: CheckpointState = { version: 2, step, files: fingerprints, best: options.best, state };
  const stateBytes = Buffer.from(formatState(saved));
  const total = Object.values(files).reduce((sum, bytes) => sum + bytes.byteLength, stateBytes.byteLength);
  try {
    await mkdir(temporary);
    for (const [name, bytes] of Object.entries(files)) await createFile(join(temporary, name), bytes);
    await createFile(join(temporary, STATE_FILE), stateBytes);
    await syncFolder(temporary);
    await replaceFolder(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw diskError(error, path, total);
  }
  if (options.keep !== undefined) await prune(run, step, options.keep);
  return path;
}

/** An unusable checkpoint and the reason. */
export interface DamagedCheckpoint {
  directory: string;
  reason: string;
}

/**
 * Returns the newest complete checkpoint, or null if there is none. It reads every file and compares its checksum; `damaged` lists
 * newer checkpoints that were skipped.
 */
export async function latestCheckpoint(
  run: RunDirectory,
): Promise<{ checkpoint: Checkpoint | null; damaged: DamagedCheckpoint[] }> {
  const damaged: DamagedCheckpoint[] = [];
  for (const step of (await stepsOf(run)).reverse()) {
    const directory = join(run.file(RUN_FILES.checkpoints), checkpointName(step));
    try {
      return { checkpoint: await readCheckpoint(directory), damaged };
    } catch (error) {
      if (!(error instanceof DamagedCheckpointError)) throw error;
      damaged.push({ directory, reason: error.message });
    }
  }
  return { checkpoint: null, damaged };
}

/** Returns the newest complete checkpoint that was marked as the best, or null if there is none. */
export async function bestCheckpoint(run: RunDirectory): Promise<Checkpoint | null> {
  for (const step of (await stepsOf(run)).reverse()) {
    const directory = join(run.file(RUN_FILES.checkpoints), checkpointName(step));
    if (!(await readState(directory).catch(() => null))?.best) continue;
    try {
      return await readCheckpoint(directory);
    } catch (error) {
      if (!(error instanceof DamagedCheckpointError)) throw error;
    }
  }
  return null;
}

/**
 * Opens the checkpoint at a path: a checkpoint's folder, or a run, whose best or else newest checkpoint is used.
 * @throws UserError if there is none or it is damaged.
 */
export async function openCheckpoint(given: string): Promise<{ run: RunDirectory; checkpoint: Checkpoint }> {
  const path = resolve(given);
  if (checkpointStep(path) !== undefined) {
    const run = await RunDirectory.openForReading(dirname(dirname(path)));
    try {
      return { run, checkpoint: await readCheckpoint(path) };
    } catch (error) {
      if (!(error instanceof DamagedCheckpointError)) throw error;
      const other = (await latestCheckpoint(run)).checkpoint;
      throw new UserError(`the checkpoint ${path} is damaged: ${error.message}`, {
        hint: other ? `Use the newest complete one: ${relative('.', other.directory)}` : undefined,
      });
    }
  }
  const run = await RunDirectory.openForReading(path);
  const checkpoint = (await bestCheckpoint(run)) ?? (await latestCheckpoint(run)).checkpoint;
  if (!checkpoint) {
    throw new UserError(`the run ${path} has no complete checkpoint`, {
      hint: `Train it first: unitsphere train --resume ${shellArgument(path)}`,
    });
  }
  return { run, checkpoint };
}

/** Deletes all checkpoints up to this step except the newest and the best. Later ones are damaged and will be overwritten. */
async function prune(run: RunDirectory, step: number, keep: number): Promise<void> {
  const steps = (await stepsOf(run)).filter((other) => other <= step);
  const old = steps.slice(0, Math.max(0, steps.length - keep));
  if (old.length === 0) return;
  const best = (await bestCheckpoint(run))?.step;
  for (const other of old) {
    if (other !== best) await deleteFolder(join(run.file(RUN_FILES.checkpoints), checkpointName(other)));
  }
}

async function stepsOf(run: RunDirectory): Promise<number[]> {
  const names = await readdir(run.file(RUN_FILES.checkpoints)).catch(() => []);
  return names
    .map(checkpointStep)
    .filter((step) => step !== undefined)
    .sort((a, b) => a - b);
}

/** Deletes a folder after renaming it, so that a kill leaves no partial checkpoint under its name. */
async function deleteFolder(path: string): Promise<void> {
  const away = temporaryPath(path);
  await rename(path, away);
  await rm(away, { recursive: true, force: true });
}
