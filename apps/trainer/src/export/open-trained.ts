import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Embedder, ModelCard } from '@unitsphere/embedder';
import type { Config } from '../config/config.js';
import { openCheckpointEmbedder, openEmbedder } from '../evaluate/open-embedder.js';
import { openCheckpoint } from '../run/checkpoints.js';
import { RUN_FILES, type RunDirectory } from '../run/run-directory.js';
import { runCard } from './run-card.js';

/** A model to export, and the run that it comes from, if any. */
export interface TrainedModel {
  embedder: Embedder;
  card: ModelCard;
  run?: RunDirectory;
  config?: Config;
}

/**
 * Opens a run's best checkpoint, a checkpoint, or a model folder.
 * @throws UserError if there is none, or it cannot be used.
 */
export async function openTrained(path: string, license?: string): Promise<TrainedModel> {
  if (!(await isTraining(path))) {
    return { embedder: await openEmbedder(path), card: license === undefined ? {} : { license } };
  }
  const { run, checkpoint } = await openCheckpoint(path);
  const config = await run.readConfig();
  const card = await runCard(run, config, checkpoint.step, license);
  return { embedder: await openCheckpointEmbedder(checkpoint, config), card, run, config };
}

/** Returns whether a folder is a run or a checkpoint. */
async function isTraining(path: string): Promise<boolean> {
  const found = [RUN_FILES.checkpoints, 'state.json'].map((name) =>
    stat(join(path, name)).catch(() => undefined),
  );
  return (await Promise.all(found)).some((entry) => entry !== undefined);
}
