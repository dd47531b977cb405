import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createEmbedder, type Embedder } from '@unitsphere/embedder';
import type { Config } from '../config/config.js';
import { parseConfig } from '../config/parse-config.js';
import { isShipped } from '../config/shipped-architecture.js';
import { describeModel } from '../model/describe-model.js';
import { loadPretrained } from '../model/load-pretrained.js';
import { SHIPPED_MODELS } from '../model/shipped-models.js';
import { openCheckpoint } from '../run/checkpoints.js';
import type { RunDirectory } from '../run/run-directory.js';
import { openCheckpointEmbedder, openEmbedder } from './open-embedder.js';

/** A network to evaluate: a checkpoint of a run, or a model without a record of its training. */
export interface EvaluatedModel {
  /** Folder of the checkpoint or of the model, or the name of a shipped model. */
  name: string;
  config: Config;
  /** The run of a checkpoint, and the checkpoint's step. */
  trained?: { run: RunDirectory; step: number };
  open(): Promise<Embedder>;
  /** Creates the network as it was before the first step; only a run records it. */
  openUntrained?(): Promise<Embedder>;
}

/**
 * Opens what `unitsphere evaluate` evaluates.
 * @param source The folder of a checkpoint, a run or a model, or the name of a shipped model.
 * @throws UserError if there is none, or it cannot be used.
 */
export async function openEvaluatedModel(source: string): Promise<EvaluatedModel> {
  const isShippedName = SHIPPED_MODELS.includes(source) && !existsSync(source);
  if (isShippedName || existsSync(join(source, 'model.safetensors'))) {
    const embedder = await openEmbedder(source);
    const { imageSize } = embedder.preprocessing;
    embedder.dispose();
    // Only the images are read of this config. Its rules would fit the size to the default backbone.
    const config = parseConfig('');
    return {
      name: source,
      config: { ...config, data: { ...config.data, imageSize } },
      open: () => openEmbedder(source),
    };
  }
  const { run, checkpoint } = await openCheckpoint(source);
  const config = await run.readConfig();
  return {
    name: checkpoint.directory,
    config,
    trained: { run, step: checkpoint.step },
    open: () => openCheckpointEmbedder(checkpoint, config),
    openUntrained: () => createUntrained(config),
  };
}

async function createUntrained(config: Config): Promise<Embedder> {
  const { pretrained, outIndex } = config.model;
  if (isShipped(pretrained)) return openEmbedder(pretrained);
  const embedder = await createEmbedder(describeModel(config), { seed: config.seed });
  if (pretrained && embedder.model)
    await loadPretrained(embedder.model.backbone, pretrained, outIndex !== undefined);
  return embedder;
}
