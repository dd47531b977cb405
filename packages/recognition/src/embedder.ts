/**
 * What a gallery needs of a model. `loadEmbedder` of `@unitsphere/embedder` returns one; any object of this form serves.
 * `Image` is whatever it can embed.
 */
export interface GalleryEmbedder<Image> {
  /** Length of an embedding. */
  readonly embeddingSize: number;
  /** Identifies the weights and the preprocessing: embeddings may be compared if their fingerprints are equal. */
  readonly fingerprint: string;
  embed(image: Image, options?: EmbedOptions): Promise<Float32Array>;
  embed(images: readonly Image[], options?: EmbedOptions): Promise<Float32Array[]>;
}

/** Options that a gallery passes on to its embedder. */
export interface EmbedOptions {
  /** Aborts between batches of images. */
  signal?: AbortSignal;
}
