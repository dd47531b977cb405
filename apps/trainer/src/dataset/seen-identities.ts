import { readFile } from 'node:fs/promises';
import type { Config } from '../config/config.js';
import type { RunDirectory } from '../run/run-directory.js';
import type { Dataset } from './dataset.js';

// Beside the checkpoints: which identities a run has trained on or chosen by, so that none is ever compared as unseen.
const FILE = 'identities.json';

/** The names of a run's identities. */
export interface SeenFile {
  source: Config['data']['source'];
  train: string[];
  validation: string[];
  test: string[];
  /** What the runs that this one grew from had seen. */
  earlier: string[];
}

/** Writes down the names of each part. */
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

/** Names that the run trained on or chose by; empty when the images are of another kind of source than the run's. */
export async function readSeenIdentities(run: RunDirectory, config: Config): Promise<Set<string>> {
  const { source, train, validation, earlier } = await readSeenFile(run);
  return new Set(source === config.data.source ? [...train, ...validation, ...earlier] : []);
}

/** Everything that was written down. */
export async function readSeenFile(run: RunDirectory): Promise<SeenFile> {
  return { earlier: [], ...JSON.parse(await readFile(run.file(FILE), 'utf8')) };
}
