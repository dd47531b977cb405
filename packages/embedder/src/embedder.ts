import type { StateDict } from '@unitsphere/core';
import type { ImageInput, Preprocessing } from '@unitsphere/images';
import type { ModelDescription } from './embedder-config.js';
import type { EmbeddingModel } from './model/embedding-model.js';

/** Options of `embed` for one image. */
export interface EmbedOptions {
  /** Aborts before the next batch. */
  signal?: AbortSignal;
}

/** Options of `embed` for many images. */
export interface EmbedManyOptions extends EmbedOptions {
  /** Images in one forward pass. Default: 32. */
  batchSize?: number;
  /** Called after each batch. */
  onProgress?(progress: EmbedProgress): void;
}

/** Progress of `embed`. */
export interface EmbedProgress {
  /** Number of embedded images. */
  done: number;
  total: number;
}

/** A trained model as one object: preprocessing and network. Dispose it when it is no longer used. */
export interface Embedder {
  /** The architecture. */
  readonly config: ModelDescription;
  /** How an image becomes the network's input. */
  readonly preprocessing: Preprocessing;
  /** Length of an embedding. */
  readonly embeddingSize: number;
  /**
   * SHA-256 over architecture, preprocessing and weights, in hexadecimal. Embeddings may be compared if their embedders have the
   * same fingerprint; the format and the place of the files do not change it.
   */
  readonly fingerprint: string;
  /** The network on TensorFlow.js, in evaluation mode; undefined on another runtime. */
  readonly model: EmbeddingModel | undefined;

  /**
   * Computes the embedding of an image: float32 values, a vector of unit length.
   * @throws ImageError if the image cannot be read.
   */
  embed(image: ImageInput, options?: EmbedOptions): Promise<Float32Array>;
  /**
   * Computes the embeddings of images, in batches.
   * @throws ImageError if an image cannot be read; the message has its position or name.
   */
  embed(images: readonly ImageInput[], options?: EmbedManyOptions): Promise<Float32Array[]>;

  /** Returns the weights: `backbone.*`, `neck.*`, `head.*` in PyTorch's layout. */
  stateDict(): Promise<StateDict>;
  /** Releases the network's memory. The embedder cannot be used afterward. */
  dispose(): void;
}
