import { readFile } from 'node:fs/promises';
import type { IdentitySplit, ImageSource } from '@unitsphere/data';
import type { Config } from '../config/config.js';
import type { RunDirectory } from '../run/run-directory.js';
import { parseSealedJson, sealJson } from '../run/sealed-file.js';
import { UserError } from '../user-error.js';
import type { Dataset } from './dataset.js';

// Records what a run was trained on and chosen by, so that no evaluation counts it as unseen and no resume mixes it up.
const FILE = 'identities.json';

/** The contents of a run's `identities.json`. */
export interface RunData {
  source: Config['data']['source'];
  /** Names of the identities in each part; those of `train` in the order of their classes. */
  train: string[];
  validation: string[];
  test: string[];
  /** Identities seen by the runs that this run was grown from. */
  earlier: string[];
  /** The files of each identity, as path and SHA-256. Missing for generated images, and in runs of older versions. */
  images?: Record<string, [file: string, sha256: string][]>;
}

/** Returns the record of a dataset. */
export function describeData(
  config: Config,
  { source, split }: Pick<Dataset, 'source' | 'split'>,
  earlier: string[],
): RunData {
  const names = (part: number[]) => part.map((identity) => source.identities[identity].name);
  return {
    source: config.data.source,
    train: names(split.train),
    validation: names(split.validation),
    test: names(split.test),
    earlier,
    ...(source.contents && { images: listImages(source, split) }),
  };
}

function listImages(source: ImageSource, split: IdentitySplit): NonNullable<RunData['images']> {
  const identities = [...split.train, ...split.validation, ...split.test];
  return Object.fromEntries(
    identities.map((identity) => [
      source.identities[identity].name,
      (source.contents?.(identity) ?? []).map(({ file, sha256 }) => [file, sha256]),
    ]),
  );
}

/** Writes a run's record. */
export async function writeRunData(run: RunDirectory, data: RunData): Promise<void> {
  await run.writeFile(FILE, sealJson(data));
}

/** Reads a run's record. @throws UserError if it is missing or damaged. */
export async function readRunData(run: RunDirectory): Promise<RunData> {
  const file = run.file(FILE);
  const damaged = (reason: string, cause?: unknown) =>
    new UserError(`${file} ${reason}, so what the run was trained on is unknown`, {
      hint: 'Restore the file from a backup, or start a new run.',
      cause,
    });
  let data: RunData;
  try {
    data = parseSealedJson<RunData>(await readFile(file, 'utf8'), file);
    // Runs of older versions lack it.
    data = { ...data, earlier: data.earlier ?? [] };
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw damaged('cannot be read', error);
  }
  const lists = [data.train, data.validation, data.test, data.earlier];
  if (!lists.every((list) => Array.isArray(list) && list.every((name) => typeof name === 'string'))) {
    throw damaged('lacks the names of identities');
  }
  return data;
}

/** What a run has seen: names, and the contents of images. */
export interface Seen {
  readonly names: ReadonlySet<string>;
  readonly contents: ReadonlySet<string>;
}

/**
 * Reads what a run used for training or model selection, or for one of them. Names are empty if the config's source is of another kind than the
 * run's, because equal names then mean nothing.
 */
export async function readSeen(
  run: RunDirectory,
  config: Config,
  parts: readonly ('train' | 'validation')[] = ['train', 'validation'],
): Promise<Seen> {
  const data = await readRunData(run);
  const { source, earlier, images = {} } = data;
  const seen = parts.flatMap((part) => data[part]);
  return {
    names: new Set(source === config.data.source ? [...seen, ...earlier] : []),
    contents: new Set(seen.flatMap((name) => (images[name] ?? []).map(([, sha256]) => sha256))),
  };
}
