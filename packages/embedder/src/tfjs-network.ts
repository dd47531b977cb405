import * as tf from '@tensorflow/tfjs-core';
import { BackendUnavailableError, useBackend } from '@unitsphere/backends';
import { Random, type StateDict } from '@unitsphere/core';
import type { EmbedderConfig } from './embedder-config.js';
import { EmbedderError } from './embedder-error.js';
import { fingerprintOf } from './fingerprint.js';
import { CompiledModel } from './model/compiled-model.js';
import { EmbeddingModel } from './model/embedding-model.js';
import type { Network } from './network-embedder.js';
import { requireThreads } from './require-threads.js';

/** Options of a network on TensorFlow.js. */
export interface TfjsOptions {
  /** Seed of the initial weights. Default: 0. */
  seed?: number;
  /** Threads of a compiled network. Default: 1. */
  threads?: number;
}

/**
 * Creates the network on TensorFlow.js, on the current backend or else the fastest.
 * @param load Fills in the weights. Default: initial weights from the seed.
 * @throws EmbedderError if no backend can be used, the backbone refuses the image size, or threads cannot share memory.
 */
export async function createTfjsNetwork(
  config: EmbedderConfig,
  load: (model: EmbeddingModel) => Promise<void>,
  { seed = 0, threads = 1 }: TfjsOptions,
): Promise<Network> {
  requireThreads(threads);
  await startBackend();
  const model = createModel(config, seed);
  try {
    await load(model);
    model.eval();
    const state: StateDict = await model.stateDict();
    const compiled = new CompiledModel(model, config.preprocessing, threads);
    return {
      model,
      embeddingSize: model.embeddingSize,
      fingerprint: fingerprintOf(config, state),
      stateDict: () => model.stateDict(),
      runtime: {
        run: (pixels) => compiled.run(pixels),
        dispose: () => {
          compiled.dispose();
          model.dispose();
        },
      },
    };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

function createModel({ model }: EmbedderConfig, seed: number): EmbeddingModel {
  try {
    return new EmbeddingModel(model, model.imageSize, new Random(seed, 'weights'));
  } catch (error) {
    throw new EmbedderError('MODEL_INVALID', (error as Error).message, { cause: error });
  }
}

async function startBackend(): Promise<void> {
  if (tf.getBackend()) return;
  try {
    await useBackend('auto');
  } catch (error) {
    if (!(error instanceof BackendUnavailableError)) throw error;
    throw new EmbedderError(
      'RUNTIME_UNAVAILABLE',
      `no backend of TensorFlow.js can be used: ${error.message} Install one, for example: npm install @tensorflow/tfjs-backend-wasm`,
      { cause: error },
    );
  }
}
