import { readFile } from 'node:fs/promises';
import type { Config } from '../config/config.js';
import type { RunDirectory } from '../run/run-directory.js';
import type { Dataset } from './dataset.js';

// Records the identities used for training and model selection, so that no evaluation counts them as unseen.
const FILE = 'identities.json';

/** The contents of a run's `identities.json`: names of identities by part. */
export interface SeenFile {
  source: Config['data']['source'];
  train: string[];
  validation: string[];
  test: string[];
  /** Identities seen by the runs that this run was grown from. */
  earlier: string[];
}

/** Writes the names of the identities in each part. */
export async function writeSeenIdentities(
  run: RunDirectory,
  config: Config,
  { source, split }: Dataset,
  earlier: string[],
): Promise<void> {
  const names = (part: number[]) => part.map((identity) => source.identities[identity].name);
  const file: SeenFile = {
    source: config.data.source,
    train: names(split.train),
    validation: names(split.validation),
    test: names(split.test),
    earlier,
  };
  await run.writeFile(FILE, JSON.stringify(file));
}

/** Returns the names used for training or model selection; empty if the config's source is of another kind than the run's. */
export async function readSeenIdentities(run: RunDirectory, config: Config): Promise<Set<string>> {
  const { source, train, validation, earlier } = await readSeenFile(run);
  return new Set(source === config.data.source ? [...train, ...validation, ...earlier] : []);
}

/** Reads a run's `identities.json`. */
export async function readSeenFile(run: RunDirectory): Promise<SeenFile> {
  return { earlier: [], ...JSON.parse(await readFile(run.file(FILE), 'utf8')) };
}
