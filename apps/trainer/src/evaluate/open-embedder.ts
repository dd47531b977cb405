import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Embedder, EmbedderError, type EmbedderOptions, loadEmbedder } from '@unitsphere/embedder';
import type { Preprocessing } from '@unitsphere/images';
import { SourceError } from '@unitsphere/pretrained';
import type { Config } from '../config/config.js';
import { isShipped } from '../config/shipped-architecture.js';
import { describeModel } from '../model/describe-model.js';
import { openShippedModel } from '../model/shipped-models.js';
import type { Checkpoint } from '../run/checkpoint.js';
import { UserError } from '../user-error.js';

/** Loads the model of a checkpoint. @throws UserError if it does not fit the config, or contains NaN or infinity. */
export function openCheckpointEmbedder(
  { directory, state }: Checkpoint,
  config: Pick<Config, 'model' | 'data'>,
): Promise<Embedder> {
  // Checkpoints of earlier versions have no config.json.
  const preprocessing = state.preprocessing as Partial<Preprocessing> | undefined;
  return openEmbedder(directory, describeModel(config, preprocessing));
}

/**
 * Loads the model of a run, a checkpoint, a model folder, a URL or the hub, or a shipped model by its name, such as `document-small`. An
 * ONNX file, or a folder with weights in this format only, runs on ONNX Runtime.
 * @throws UserError if there is none, or it cannot be used.
 */
export async function openEmbedder(source: string, config?: EmbedderOptions): Promise<Embedder> {
  try {
    const runtime = isOnnx(source) ? 'onnx' : 'tfjs';
    // A file or folder of that name takes precedence.
    const isName = isShipped(source) && !existsSync(source);
    return await loadEmbedder(isName ? await openShippedModel(source) : source, { config, runtime });
  } catch (error) {
    if (!(error instanceof EmbedderError || error instanceof SourceError)) throw error;
    throw new UserError(error.message, { cause: error });
  }
}

const WEIGHTS = ['model.safetensors', 'backbone.safetensors'];
const ONNX = ['model.onnx', 'onnx/model.onnx'];

/** Returns whether a source is an .onnx file, or a folder on this disk that `unitsphere export` wrote for ONNX Runtime. */
function isOnnx(source: string): boolean {
  const has = (name: string) => existsSync(join(source, name));
  return /\.onnx$/i.test(source) || (ONNX.some(has) && !WEIGHTS.some(has));
}
