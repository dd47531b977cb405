import { checkFinite, NonFiniteError, type StateDict, StateDictError } from '@unitsphere/core';
import type { Embedder } from './embedder.js';
import { completeConfig, type EmbedderConfig, type EmbedderOptions } from './embedder-config.js';
import { EmbedderError } from './embedder-error.js';
import type { EmbeddingModel } from './model/embedding-model.js';
import { NetworkEmbedder } from './network-embedder.js';
import { createTfjsNetwork, type TfjsOptions } from './tfjs-network.js';

/** Options of {@link createEmbedder} beside the architecture. */
export interface CreateEmbedderOptions {
  /** The weights: `backbone.*`, `neck.*`, `head.*`. Default: initial weights, which embed nothing useful. */
  state?: StateDict;
  /** Seed of the initial weights. Default: 0. */
  seed?: number;
  /** Name of the weights' source, for messages. */
  name?: string;
  /** As in {@link LoadEmbedderOptions}. */
  threads?: number;
}

/**
 * Creates an embedder from an architecture and its weights. It runs on TensorFlow.js, on the current backend, or else on the
 * fastest that works here.
 * @throws EmbedderError for an architecture that does not exist, weights of another architecture, NaN or infinity in the weights
 *   (with the tensor's name), a missing backend, and several threads in a page whose threads cannot share memory.
 */
export async function createEmbedder(
  config: EmbedderOptions,
  options: CreateEmbedderOptions = {},
): Promise<Embedder> {
  const { state, name = 'the weights', seed = 0, threads } = options;
  const load = async (model: EmbeddingModel) => {
    if (state) loadWeights(model, state, name);
  };
  return createFromConfig(completeConfig(config), load, { seed, threads });
}

/** Creates an embedder whose weights are loaded by a function. */
export async function createFromConfig(
  config: EmbedderConfig,
  load: (model: EmbeddingModel) => Promise<void>,
  options: TfjsOptions,
): Promise<Embedder> {
  return new NetworkEmbedder(config, await createTfjsNetwork(config, load, options));
}

/** Loads weights into a model. @throws EmbedderError if they do not fit or are not finite. */
export function loadWeights(model: EmbeddingModel, state: StateDict, name: string): void {
  try {
    checkFinite(state, name);
    model.loadStateDict(state);
  } catch (error) {
    if (error instanceof NonFiniteError)
      throw new EmbedderError('WEIGHTS_INVALID', error.message, { cause: error });
    if (!(error instanceof StateDictError)) throw error;
    throw new EmbedderError(
      'WEIGHTS_INVALID',
      `${name} is of another architecture than the config: ${error.message}`,
      {
        cause: error,
      },
    );
  }
}
