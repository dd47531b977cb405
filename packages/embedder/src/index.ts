export { convertCheckpoint } from './convert-checkpoint.js';
export { type CreateEmbedderOptions, createEmbedder } from './create-embedder.js';
export type { Embedder, EmbedManyOptions, EmbedOptions, EmbedProgress } from './embedder.js';
export {
  completeConfig,
  type EmbedderConfig,
  type EmbedderOptions,
  type HeadName,
  imageNetPreprocessing,
  type ModelDescription,
} from './embedder-config.js';
export { EmbedderError, type EmbedderErrorCode } from './embedder-error.js';
export { type LoadEmbedderOptions, loadEmbedder } from './load-embedder.js';
export { type EmbedPixelsOptions, embedPixels, toInput } from './model/embed-pixels.js';
export { EmbeddingModel, type EmbeddingModelOptions } from './model/embedding-model.js';
export { formatModelCard, type ModelCard, type ModelFacts } from './model-card.js';
export { configFiles } from './model-folder.js';
export type { OnnxOptions } from './onnx/onnx-network.js';
export { findOnnxRuntime, type OnnxRuntime, type OnnxSession, type OnnxTensor } from './onnx/onnx-runtime.js';
export { embedderFiles, type SaveEmbedderOptions, saveEmbedder } from './save-embedder.js';
export type { FileContent, ModelFileContents } from './sources/model-files.js';
export type { EmbedderSource } from './sources/open-files.js';
