import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/config.js';
import { RUN_FILES, RunDirectory } from '../run/run-directory.js';
import { writeFileAtomic } from '../run/write-file-atomic.js';
import { UserError } from '../user-error.js';

/** Of a run whose loss was no number: why. It is what the arm came to, so it is not tried again. */
const DIVERGED = 'diverged.json';

/** What a study's folder has of one run. */
export type RunState = { is: 'new' | 'begun' | 'finished' } | { is: 'diverged'; reason: string };

/**
 * Looks at a run's folder.
 * @throws UserError where it holds a run with another config: results of two studies must not be mixed.
 */
export async function runState(folder: string, config: Config): Promise<RunState> {
  if (!existsSync(join(folder, RUN_FILES.config))) {
    // Killed before its first file, or never begun.
    await rm(folder, { recursive: true, force: true });
    return { is: 'new' };
  }
  const run = await RunDirectory.openForReading(folder);
  const difference = differenceOf(await run.readConfig(), config);
  if (difference) {
    throw new UserError(`${folder} was trained with another config: ${difference}`, {
      hint: 'Give the changed study a folder of its own with --output DIR, or delete that run to have it made again.',
    });
  }
  const reason = await readFile(run.file(DIVERGED), 'utf8').catch(() => null);
  if (reason !== null) return { is: 'diverged', reason: (JSON.parse(reason) as { reason: string }).reason };
  return { is: existsSync(run.file(RUN_FILES.summary)) ? 'finished' : 'begun' };
}

/** Keeps why a run has no result. */
export async function markDiverged(folder: string, reason: string): Promise<void> {
  await writeFileAtomic(join(folder, DIVERGED), `${JSON.stringify({ reason }, null, 2)}\n`);
}

/** The first setting in which two configs train differently, in words; undefined where they train alike. */
export function differenceOf(was: Config, is: Config): string | undefined {
  // Neither where it lies nor who prepares its images changes a run.
  const [a, b] = [was, is].map(({ output, data: { workers, ...data }, ...rest }) =>
    flatten({ ...rest, data }),
  );
  const key = [...new Set([...a.keys(), ...b.keys()])].find((key) => a.get(key) !== b.get(key));
  return key && `${key} was ${a.get(key) ?? 'left out'} and is now ${b.get(key) ?? 'left out'}`;
}

function flatten(settings: object, above = ''): Map<string, string> {
  const all = new Map<string, string>();
  for (const [key, value] of Object.entries(settings)) {
    const path = above + key;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [inner, text] of flatten(value, `${path}.`)) all.set(inner, text);
    } else if (value !== undefined) all.set(path, JSON.stringify(value));
  }
  return all;
}
