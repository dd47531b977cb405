/** Runs a network on preprocessed images. One implementation for each engine: TensorFlow.js, ONNX Runtime. */
export interface EmbedderRuntime {
  /**
   * Computes unit-length embeddings.
   * @param pixels count × imageSize × imageSize × 3 bytes, RGB, row-major, already resized and cropped.
   * @returns float32 values, count × embeddingSize, row-major.
   */
  run(pixels: Uint8Array, count: number): Promise<Float32Array>;
  dispose(): void;
}
