import type { Config } from '../config/config.js';
import type { Dataset } from '../dataset/dataset.js';
import { readSeenFile, type SeenFile } from '../dataset/seen-identities.js';
import type { GrowthSource } from '../replicas/replica.js';
import { readFiles } from '../run/checkpoint.js';
import { latestCheckpoint } from '../run/checkpoints.js';
import { RunDirectory } from '../run/run-directory.js';
import { UserError } from '../user-error.js';
import { readCenters, renumbered } from './read-centers.js';

const WEIGHT_FILES = ['backbone.safetensors', 'head.safetensors'];

/** A trained run that another one grows from; held by its lock until it is closed. */
export interface Growth extends GrowthSource {
  /** Names that it, or a run it grew from, has trained on or chosen by. */
  seen: string[];
  /** Positions, among the identities trained on now, of those that it was trained on too. */
  kept: ReadonlySet<number>;
  /** How its classes and those of now compare. */
  classes: { kept: number; added: number; dropped: number };
  close(): Promise<void>;
}

/**
 * Opens the run that a config grows from; undefined where it names none.
 * @throws UserError where it cannot be grown from: it has no whole checkpoint, another shape, or identities that are held
 *   out now were trained on.
 */
export async function openGrowth(config: Config, dataset: Dataset): Promise<Growth | undefined> {
  const path = config.training.growFrom;
  if (path === undefined) return undefined;
  const { views } = config.data;
  const run = await RunDirectory.open(path);
  try {
    const old = await run.readConfig();
    const { checkpoint } = await latestCheckpoint(run);
    if (!checkpoint) throw new UserError(`the run ${path} has no whole checkpoint to grow from`);
    checkShape(path, old, config);
    const seen = await readSeenFile(run);
    checkHeldOut(path, seen, dataset);
    const newClass = mapClasses(path, seen.train, dataset, views);
    const files = await readFiles(checkpoint);
    const kept = new Set([...newClass].filter((to) => to >= 0).map((to) => Math.floor(to / views)));
    const keptClasses = kept.size * views;
    return {
      weights: Object.fromEntries(WEIGHT_FILES.map((name) => [name, files[name]])),
      centers: renumbered(
        readCenters(run, old, newClass.length, files),
        newClass,
        config.model.embeddingSize,
      ),
      seen: [...seen.earlier, ...seen.train, ...seen.validation],
      kept,
      classes: {
        kept: keptClasses,
        added: dataset.split.train.length * views - keptClasses,
        dropped: newClass.length - keptClasses,
      },
      close: () => run.close(),
    };
  } catch (error) {
    await run.close();
    throw error;
  }
}

function checkShape(path: string, old: Config, now: Config): void {
  const different = [
    ['model.embeddingSize', old.model.embeddingSize, now.model.embeddingSize],
    ['model.backbone', old.model.backbone, now.model.backbone],
    ['model.neck', old.model.neck, now.model.neck],
    ['model.norm', old.model.norm, now.model.norm],
    ['data.views', old.data.views, now.data.views],
    ['data.source', old.data.source, now.data.source],
  ].find(([, was, is]) => was !== is);
  if (!different) return;
  const [key, was, is] = different;
  throw new UserError(`${key} is ${is}, but the run ${path} has ${was}; its weights and classes do not fit`, {
    hint: `Set ${key} to ${was}, or leave the config out: its own is then used.`,
  });
}

/** Identities are held out by their names and the seed, so that this happens only where the split was changed. */
function checkHeldOut(path: string, { earlier, train, validation }: SeenFile, dataset: Dataset): void {
  const trained = new Set([...earlier, ...train]);
  const chosenBy = new Set([...trained, ...validation]);
  const nameOf = (identity: number) => dataset.source.identities[identity].name;
  const leaked = [
    ...dataset.split.test.map(nameOf).filter((name) => chosenBy.has(name)),
    ...dataset.split.validation.map(nameOf).filter((name) => trained.has(name)),
  ];
  if (leaked.length === 0) return;
  throw new UserError(
    `${leaked.length} identities that are to be held out were trained on by ${path}, such as ${leaked[0]}`,
    { hint: 'Keep seed and data.split as that run has them: a name then stays in its part.' },
  );
}

/** For each of the run's classes its number now; −1 where its identity is not among those trained on. */
function mapClasses(path: string, names: string[], { source, split }: Dataset, views: number): Int32Array {
  const position = new Map(split.train.map((identity, i) => [source.identities[identity].name, i]));
  const map = new Int32Array(names.length * views).map((_, number) => {
    const now = position.get(names[Math.floor(number / views)]);
    return now === undefined ? -1 : now * views + (number % views);
  });
  if (map.every((to) => to < 0)) {
    throw new UserError(`none of the identities that ${path} was trained on is in this data`, {
      hint: 'Give the images it was trained on together with the new ones; identities are told by their names.',
    });
  }
  return map;
}
