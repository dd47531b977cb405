import type { Config } from '../config/config.js';
import { countSubCenters } from '../config/count-sub-centers.js';
import type { Dataset } from '../dataset/dataset.js';
import { type RunData, readRunData } from '../dataset/run-data.js';
import { resampleHead } from '../model/resample-head.js';
import type { GrowthSource } from '../replicas/replica.js';
import { readFiles } from '../run/checkpoint.js';
import { latestCheckpoint } from '../run/checkpoints.js';
import { RunDirectory } from '../run/run-directory.js';
import { shellArgument } from '../shell-argument.js';
import { UserError } from '../user-error.js';
import { readCenters, renumberCenters, widthOfCenters } from './read-centers.js';

const WEIGHT_FILES = ['backbone.safetensors', 'head.safetensors'];

/** A trained run that another run grows from. Its lock is held until `close`. */
export interface Growth extends GrowthSource {
  path: string;
  /** Size of the images that it was trained on. */
  imageSize: number;
  /** Identities that this run, or a run that it grew from, used for training or model selection. */
  seen: string[];
  /** Positions in the new training part of the identities that the old run trained on too. */
  kept: ReadonlySet<number>;
  /** Numbers of classes that are kept, added and dropped. */
  classes: { kept: number; added: number; dropped: number };
  close(): Promise<void>;
}

/**
 * Opens the run named by `training.growFrom`; undefined if the config names none.
 * @throws UserError if the run has no complete checkpoint, has another shape, or was trained on identities that are held out now.
 */
export async function openGrowth(config: Config, dataset: Dataset): Promise<Growth | undefined> {
  const path = config.training.growFrom;
  if (path === undefined) return undefined;
  const { views } = config.data;
  const run = await RunDirectory.open(path);
  try {
    const old = await run.readConfig();
    const { checkpoint } = await latestCheckpoint(run);
    if (!checkpoint) {
      throw new UserError(`the run ${path} has no complete checkpoint to grow from`, {
        hint: `Finish it first: unitsphere train --resume ${shellArgument(path)}`,
      });
    }
    checkShape(path, old, config);
    const seen = await readRunData(run);
    checkHeldOut(path, seen, dataset);
    const newClass = mapClasses(path, seen.train, dataset, views);
    const files = await readFiles(checkpoint);
    const kept = new Set([...newClass].filter((to) => to >= 0).map((to) => Math.floor(to / views)));
    const keptClasses = kept.size * views;
    return {
      path,
      imageSize: old.data.imageSize,
      weights: resampleHead(
        Object.fromEntries(WEIGHT_FILES.map((name) => [name, files[name]])),
        old.data.imageSize,
        config,
      ),
      centers: renumberCenters(
        readCenters(run, old, newClass.length, files),
        newClass,
        widthOfCenters(config),
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
    ['model.outIndex', old.model.outIndex, now.model.outIndex],
    ['model.neck', old.model.neck, now.model.neck],
    ['model.norm', old.model.norm, now.model.norm],
    ['data.views', old.data.views, now.data.views],
    ['data.source', old.data.source, now.data.source],
    ['loss.subCenters', countSubCenters(old), countSubCenters(now)],
  ].find(([, was, is]) => was !== is);
  if (!different) return;
  const [key, was, is] = different;
  throw new UserError(
    `${key} is ${is}, but the run ${path} has ${was}, so its weights and classes do not fit`,
    {
      hint: `Use --set ${key}=${was}, or name no config: the run's own is then used.`,
    },
  );
}

/** The split depends on names and the seed, so this finds something only if the split was changed. */
function checkHeldOut(path: string, { earlier, train, validation }: RunData, dataset: Dataset): void {
  const trained = new Set([...earlier, ...train]);
  const chosenBy = new Set([...trained, ...validation]);
  const nameOf = (identity: number) => dataset.source.identities[identity].name;
  const leaked = [
    ...dataset.split.test.map(nameOf).filter((name) => chosenBy.has(name)),
    ...dataset.split.validation.map(nameOf).filter((name) => trained.has(name)),
  ];
  if (leaked.length === 0) return;
  throw new UserError(
    `${path} was trained on ${leaked.length} identities that are held out now, such as ${leaked[0]}`,
    { hint: 'Keep the seed and data.split of that run: every name then stays in its part.' },
  );
}

/** Maps each class of the old run to its new number, or −1 if its identity is not in the new training part. */
function mapClasses(path: string, names: string[], { source, split }: Dataset, views: number): Int32Array {
  const position = new Map(split.train.map((identity, i) => [source.identities[identity].name, i]));
  const map = new Int32Array(names.length * views).map((_, number) => {
    const now = position.get(names[Math.floor(number / views)]);
    return now === undefined ? -1 : now * views + (number % views);
  });
  if (map.every((to) => to < 0)) {
    throw new UserError(`the data contains none of the identities that ${path} was trained on`, {
      hint: 'Put its images beside the new ones. Identities are matched by name.',
    });
  }
  return map;
}
