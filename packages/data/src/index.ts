export { Augmentation, type AugmentationOptions } from './augment/augmentation.js';
export { augmentationGroups, type GroupName, type TransformName } from './augment/groups.js';
export * from './cards/index.js';
export * from './documents/index.js';
export { type ImageCacheFolder, listImageCaches, removeImageCache } from './encoded/cache-folders.js';
export { DecodedSource, type SharedImages } from './encoded/decoded-source.js';
export type { EncodedImages, ImageReader } from './encoded/encoded-images.js';
export { type DecodingOptions, openDecoded } from './encoded/open-decoded.js';
export {
  type EvaluationEntry,
  type EvaluationImage,
  type EvaluationOptions,
  EvaluationSet,
  evaluationSet,
} from './evaluation-set.js';
export * from './faces/index.js';
export {
  type DuplicateGroup,
  type DuplicateOptions,
  findDuplicates,
  type ImageReference,
} from './find-duplicates.js';
export type { IdentityGrouping } from './folder/list-folder.js';
export { type FolderOptions, openFolder } from './folder/open-folder.js';
export {
  type CsvSpec,
  FORMAT_KINDS,
  type FolderSpec,
  type FormatSpec,
  isFormatSpec,
  type LabeledImagesSpec,
  listImages,
  type ParquetSpec,
  type RecordsSpec,
  type ShardsSpec,
} from './formats.js';
export type { Image } from './image.js';
export { type LabeledFiles, labelFiles } from './label-files.js';
export { type LabeledImage, listLabeledImages } from './labeled-images.js';
export { type Batch, BatchLoader, type BatchLoaderOptions } from './loader/batch-loader.js';
export { serveDataWorker } from './loader/browser-worker.js';
export { MAKING_CAUSES, type MakingTimes } from './loader/making-times.js';
export {
  type PlannedSample,
  TrainingSampler,
  type TrainingSamplerOptions,
} from './loader/training-sampler.js';
export {
  type CardSourceSpec,
  type DocumentSourceSpec,
  type FaceSourceSpec,
  type ModuleSourceSpec,
  type OpenSourceOptions,
  openSource,
  type SceneSourceSpec,
  type SourceSpec,
} from './open-source.js';
export { type PackOptions, packImages } from './pack-images.js';
export { perceptualHash } from './perceptual-hash.js';
export { SAMPLER_NAMES, type SamplerName } from './samplers/samplers.js';
export * from './scenes/index.js';
export {
  cleanImage,
  type Identity,
  type ImageSource,
  type SampleContent,
  type SkippedFile,
} from './source.js';
export { type IdentitySplit, type SplitFractions, splitIdentities } from './split.js';
export { applyView, classLabel, VIEW_COUNT, type ViewCount } from './views.js';
export type { Border } from './warp.js';
