import * as tf from '@tensorflow/tfjs-core';
import { BackendUnavailableError, useBackend } from '@unitsphere/backends';
import { Random, type StateDict } from '@unitsphere/core';
import type { EmbedderConfig } from './embedder-config.js';
import { EmbedderError } from './embedder-error.js';
import { fingerprintOf } from './fingerprint.js';
import { CompiledModel } from './model/compiled-model.js';
import { EmbeddingModel } from './model/embedding-model.js';
import type { Network } from './network-embedder.js';

/**
 * Creates the network on TensorFlow.js, on the current backend or else the fastest.
 * @param load Fills in the weights. Default: initial weights from the seed.
 * @throws EmbedderError if no backend can be used, or the backbone refuses the image size.
 */
export async function createTfjsNetwork(
  config: EmbedderConfig,
  seed: number,
  load: (model: EmbeddingModel) => Promise<void>,
): Promise<Network> {
  await startBackend();
  const model = createModel(config, seed);
  try {
    await load(model);
    model.eval();
    const state: StateDict = await model.stateDict();
    const compiled = new CompiledModel(model, config.preprocessing);
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
