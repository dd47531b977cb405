import type { StateDict } from '@unitsphere/core';
import type { ImageInput, Preprocessing } from '@unitsphere/images';
import type { Embedder, EmbedManyOptions, EmbedOptions } from './embedder.js';
import type { EmbedderConfig, ModelDescription } from './embedder-config.js';
import { EmbedderError } from './embedder-error.js';
import type { EmbedderRuntime } from './embedder-runtime.js';
import type { EmbeddingModel } from './model/embedding-model.js';
import { preparePixels } from './prepare-pixels.js';

const BATCH_SIZE = 32;

/** The parts of an embedder that depend on its runtime. */
export interface Network {
  readonly runtime: EmbedderRuntime;
  readonly embeddingSize: number;
  readonly fingerprint: string;
  readonly model: EmbeddingModel | undefined;
  stateDict(): Promise<StateDict>;
}

/** Prepares images and runs them through a network. */
export class NetworkEmbedder implements Embedder {
  readonly config: ModelDescription;
  readonly preprocessing: Preprocessing;
  readonly embeddingSize: number;
  readonly fingerprint: string;
  readonly model: EmbeddingModel | undefined;
  readonly #network: Network;
  #isDisposed = false;

  constructor({ model, preprocessing }: EmbedderConfig, network: Network) {
    this.config = model;
    this.preprocessing = preprocessing;
    this.embeddingSize = network.embeddingSize;
    this.fingerprint = network.fingerprint;
    this.model = network.model;
    this.#network = network;
  }

  embed(image: ImageInput, options?: EmbedOptions): Promise<Float32Array>;
  embed(images: readonly ImageInput[], options?: EmbedManyOptions): Promise<Float32Array[]>;
  async embed(
    images: ImageInput | readonly ImageInput[],
    options: EmbedManyOptions = {},
  ): Promise<Float32Array | Float32Array[]> {
    if (isList(images)) return this.#embedAll(images, options);
    const [embedding] = await this.#embedBatch([images], undefined, options.signal);
    return embedding;
  }

  stateDict(): Promise<StateDict> {
    this.#checkUsable();
    return this.#network.stateDict();
  }

  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#network.runtime.dispose();
  }

  async #embedAll(
    images: readonly ImageInput[],
    { batchSize = BATCH_SIZE, signal, onProgress }: EmbedManyOptions,
  ): Promise<Float32Array[]> {
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new RangeError(`embed: batchSize must be a positive integer, not ${batchSize}.`);
    }
    const embeddings: Float32Array[] = [];
    while (embeddings.length < images.length) {
      const first = embeddings.length;
      embeddings.push(...(await this.#embedBatch(images.slice(first, first + batchSize), first, signal)));
      onProgress?.({ done: embeddings.length, total: images.length });
    }
    return embeddings;
  }

  async #embedBatch(
    images: readonly ImageInput[],
    first: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Float32Array[]> {
    this.#checkUsable();
    signal?.throwIfAborted();
    const pixels = await preparePixels(images, this.preprocessing, first);
    signal?.throwIfAborted();
    this.#checkUsable();
    const values = await this.#network.runtime.run(pixels, images.length);
    const size = this.embeddingSize;
    return images.map((_, i) => values.slice(i * size, (i + 1) * size));
  }

  #checkUsable(): void {
    if (this.#isDisposed) {
      throw new EmbedderError('DISPOSED', 'the embedder is disposed; load it again to use it');
    }
  }
}

// A list of images is an array; pixels are typed arrays.
function isList(images: ImageInput | readonly ImageInput[]): images is readonly ImageInput[] {
  return Array.isArray(images);
}
