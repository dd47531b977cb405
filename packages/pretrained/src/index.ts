export {
  type LoadedWeights,
  type LoadPretrainedOptions,
  loadPretrained,
  type UnsupportedKey,
} from './load-pretrained.js';
export { type Mismatch, type UnmatchedKey, WeightsMismatchError, type WrongShape } from './mismatch.js';
export { preprocessImages } from './preprocess-images.js';
export { CheckpointError } from './readers/checkpoint-error.js';
export { readOnnxInitializers } from './readers/onnx-initializers.js';
export { readTorchCheckpoint, type TorchCheckpointOptions } from './readers/torch-checkpoint.js';
export { saveTimm, timmWeights } from './save-timm.js';
export type { DownloadProgress } from './sources/download.js';
export type { SourceOptions, WeightSource } from './sources/fetch-weights.js';
export { type ParsedSource, parseSource } from './sources/parse-source.js';
export { openRemoteFiles, type RemoteFiles, type RemoteFilesOptions } from './sources/remote-files.js';
export { SourceError } from './sources/source-error.js';
