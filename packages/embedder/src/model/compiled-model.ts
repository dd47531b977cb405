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
  #compiled: Promise<CompiledNetwork | undefined> | undefined;
  /** The memory of every weight when the model was compiled. */
  #weights: readonly object[] = [];

  constructor(model: EmbeddingModel, preprocessing: Preprocessing) {
    this.#model = model;
    this.#preprocessing = preprocessing;
  }

  /** Computes embeddings of unit length; see {@link embedPixels}. */
  async run(pixels: Uint8Array): Promise<Float32Array> {
    const compiled = canCompile(this.#model) ? await this.#compile() : undefined;
    if (!compiled) return embedPixels(this.#model, pixels, this.#preprocessing);
    return compiled.run(this.#preprocessing.channelOrder === 'RGB' ? pixels : swapRedAndBlue(pixels));
  }

  /** Releases the compiled network's memory. */
  dispose(): void {
    this.#compiled = undefined;
  }

  #compile(): Promise<CompiledNetwork | undefined> {
    const weights = weightsOf(this.#model);
    const isCurrent =
      weights.length === this.#weights.length && weights.every((data, i) => data === this.#weights[i]);
    if (this.#compiled && isCurrent) return this.#compiled;
    this.#weights = weights;
    this.#compiled = compileModel(this.#model, this.#preprocessing);
    return this.#compiled;
  }
}

const canCompile = (model: EmbeddingModel) =>
  tf.getBackend() === 'wasm' && !model.training && getFloat32MatmulPrecision() === 'highest';

/** Returns the data of every weight; assigning a weight replaces its data. */
function weightsOf(model: EmbeddingModel): object[] {
  return [...model.namedParameters(''), ...model.namedBuffers('')].map(([, { variable }]) => variable.dataId);
}

async function compileModel(
  model: EmbeddingModel,
  { imageSize, mean, std }: Preprocessing,
): Promise<CompiledNetwork | undefined> {
  try {
    const size = [imageSize, imageSize] as const;
    return await compileNetwork({ model }, (images) => l2Normalize(model.forward(images)), {
      size,
      mean,
      std,
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
