import * as tf from '@tensorflow/tfjs-core';
import type { Preprocessing } from '@unitsphere/images';
import { type CompiledNetwork, compileNetwork, UnsupportedNetworkError } from '@unitsphere/inference';
import { getFloat32MatmulPrecision, l2Normalize } from '@unitsphere/ops';
import { embedPixels } from './embed-pixels.js';
import type { EmbeddingModel } from './embedding-model.js';

/**
 * Computes a model's embeddings, compiled for inference where that is possible: on the WASM backend, in evaluation mode, with
 * float32 products. Otherwise, and for a network that cannot be compiled, the model's own forward pass runs.
 */
export class CompiledModel {
  readonly #model: EmbeddingModel;
  readonly #preprocessing: Preprocessing;
  readonly #threads: number;
  /** Every weight, listed once because listing takes as long as a small network's embedding. */
  readonly #variables: readonly tf.Variable[];
  #compiled: Promise<CompiledNetwork | undefined> | undefined;
  /** The data of every weight when the model was compiled; assigning a weight replaces its data. */
  #weights: readonly object[] = [];

  constructor(model: EmbeddingModel, preprocessing: Preprocessing, threads = 1) {
    this.#model = model;
    this.#preprocessing = preprocessing;
    this.#threads = threads;
    this.#variables = [...model.namedParameters(), ...model.namedBuffers()].map(
      ([, { variable }]) => variable,
    );
  }

  /** Computes embeddings of unit length; see {@link embedPixels}. */
  async run(pixels: Uint8Array): Promise<Float32Array> {
    const compiled = canCompile(this.#model) ? await this.#compile() : undefined;
    if (!compiled) return embedPixels(this.#model, pixels, this.#preprocessing);
    return compiled.run(this.#preprocessing.channelOrder === 'RGB' ? pixels : swapRedAndBlue(pixels));
  }

  /** Releases the compiled network's memory, and ends its threads. */
  dispose(): void {
    // A failure to compile is reported by `run`.
    this.#compiled?.then(
      (compiled) => compiled?.dispose(),
      () => undefined,
    );
    this.#compiled = undefined;
  }

  #compile(): Promise<CompiledNetwork | undefined> {
    const isCurrent = this.#variables.every(({ dataId }, i) => dataId === this.#weights[i]);
    if (this.#compiled && isCurrent) return this.#compiled;
    this.dispose();
    this.#weights = this.#variables.map(({ dataId }) => dataId);
    this.#compiled = compileModel(this.#model, this.#preprocessing, this.#threads);
    return this.#compiled;
  }
}

const canCompile = (model: EmbeddingModel) =>
  tf.getBackend() === 'wasm' && !model.training && getFloat32MatmulPrecision() === 'highest';

async function compileModel(
  model: EmbeddingModel,
  { imageSize, mean, std }: Preprocessing,
  threads: number,
): Promise<CompiledNetwork | undefined> {
  try {
    const size = [imageSize, imageSize] as const;
    return await compileNetwork({ model }, (images) => l2Normalize(model.forward(images)), {
      size,
      mean,
      std,
      threads,
    });
  } catch (error) {
    if (error instanceof UnsupportedNetworkError) return undefined;
    throw error;
  }
}

function swapRedAndBlue(pixels: Uint8Array): Uint8Array {
  const swapped = new Uint8Array(pixels.length);
  for (let i = 0; i + 2 < pixels.length; i += 3) {
    swapped[i] = pixels[i + 2];
    swapped[i + 1] = pixels[i + 1];
    swapped[i + 2] = pixels[i];
  }
  return swapped;
}
