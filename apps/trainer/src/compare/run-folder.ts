import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describeHolder, type LockHolder, waitForLock } from '@unitsphere/core/disk';
import type { Config } from '../config/config.js';
import { diskError } from '../run/disk-error.js';
import { RUN_FILES, RunDirectory } from '../run/run-directory.js';
import { writeFileAtomic } from '../run/write-file-atomic.js';
import { UserError } from '../user-error.js';

/** File with the reason why a run diverged. Such a run is a result of its arm and is not repeated. */
const DIVERGED = 'diverged.json';

/** The state of one run in a study's folder. */
export type RunState = { status: 'new' | 'started' | 'finished' } | { status: 'diverged'; reason: string };

/**
 * Waits until no process trains a run.
 * @param onWait Called with a description of the process before the first wait.
 * @returns False if the signal was aborted first.
 */
export async function waitUntilFree(
  folder: string,
  signal: AbortSignal,
  onWait: (holder: string) => void,
): Promise<boolean> {
  if (!existsSync(folder)) return !signal.aborted;
  try {
    const options = {
      signal,
      onWait: (holder?: LockHolder) => onWait(describeHolder(holder)),
    };
    (await waitForLock(join(folder, RUN_FILES.lock), options)).release();
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw diskError(error, folder, 0);
  }
}

/**
 * Reads the state of a run from its folder, and deletes a folder without a config.
 * @throws UserError if the folder has a run with another config, because results of two studies must not be mixed.
 */
export async function readRunState(folder: string, config: Config): Promise<RunState> {
  if (!existsSync(join(folder, RUN_FILES.config))) {
    // The run was never started, or was killed before it wrote its first file.
    await rm(folder, { recursive: true, force: true });
    return { status: 'new' };
  }
  const run = await RunDirectory.openForReading(folder);
  const difference = findDifference(await run.readConfig(), config);
  if (difference) {
    throw new UserError(`${folder} was trained with another config: ${difference}`, {
      hint: 'Use another folder for the changed study with --output DIR, or delete that run to repeat it.',
    });
  }
  const reason = await readFile(run.file(DIVERGED), 'utf8').catch(() => null);
  if (reason !== null)
    return { status: 'diverged', reason: (JSON.parse(reason) as { reason: string }).reason };
  return { status: existsSync(run.file(RUN_FILES.summary)) ? 'finished' : 'started' };
}

/** Records why a run has no result. */
export async function markDiverged(folder: string, reason: string): Promise<void> {
  await writeFileAtomic(join(folder, DIVERGED), `${JSON.stringify({ reason }, null, 2)}\n`);
}

/** Describes the first setting that makes two configs train differently; undefined if there is none. */
export function findDifference(before: Config, now: Config): string | undefined {
  // The output folder and the number of data workers do not change a run.
  const [a, b] = [before, now].map(({ output, data: { workers, ...data }, ...rest }) =>
    flatten({ ...rest, data }),
  );
  const key = [...new Set([...a.keys(), ...b.keys()])].find((key) => a.get(key) !== b.get(key));
  return key && `${key} was ${a.get(key) ?? 'not set'} and is now ${b.get(key) ?? 'not set'}`;
}

function flatten(settings: object, prefix = ''): Map<string, string> {
  const all = new Map<string, string>();
  for (const [key, value] of Object.entries(settings)) {
    const path = prefix + key;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [inner, text] of flatten(value, `${path}.`)) all.set(inner, text);
    } else if (value !== undefined) all.set(path, JSON.stringify(value));
  }
  return all;
}
