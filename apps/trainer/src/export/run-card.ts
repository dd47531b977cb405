import { readFile } from 'node:fs/promises';
import type { ModelCard } from '@unitsphere/embedder';
import type { Config } from '../config/config.js';
import { RUN_FILES, type RunDirectory } from '../run/run-directory.js';
import { parseSealedJson } from '../run/sealed-file.js';
import type { TrainingSummary } from '../train/types.js';
import { describeRun } from './model-card.js';

/**
 * Writes the model card of a run's checkpoint.
 * @param step Step of the checkpoint.
 * @param license License of the weights, if it is known.
 */
export async function runCard(
  run: RunDirectory,
  config: Config,
  step: number,
  license?: string,
): Promise<ModelCard> {
  return describeRun({ config, run: run.path, step, summary: await readSummary(run), license });
}

/** Reads the results of a run; undefined if it is not finished. */
async function readSummary(run: RunDirectory): Promise<TrainingSummary | undefined> {
  const file = run.file(RUN_FILES.summary);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? undefined : parseSealedJson<TrainingSummary>(text, file);
}
