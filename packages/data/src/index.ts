export { Augmentation, type AugmentationOptions } from './augment/augmentation.js';
export { augmentationGroups, type GroupName, type TransformName } from './augment/groups.js';
export * from './documents/index.js';
export { type EvaluationImage, type EvaluationOptions, evaluationSet } from './evaluation-set.js';
export * from './faces/index.js';
export { type DuplicateGroup, findDuplicates, type ImageReference } from './find-duplicates.js';
export { FolderSource } from './folder/folder-source.js';
export type { IdentityGrouping, SkippedFile } from './folder/scan.js';
export type { FolderSourceOptions, SharedFolder } from './folder/shared-folder.js';
export type { Image } from './image.js';
export { type Batch, BatchLoader, type BatchLoaderOptions } from './loader/batch-loader.js';
export { serveDataWorker } from './loader/browser-worker.js';
export {
  type PlannedSample,
  TrainingSampler,
  type TrainingSamplerOptions,
} from './loader/training-sampler.js';
export {
  type DocumentSourceSpec,
  type FaceSourceSpec,
  type FolderSourceSpec,
  type ModuleSourceSpec,
  type OpenSourceOptions,
  openSource,
  type SourceSpec,
} from './open-source.js';
export { cleanImage, type Identity, type ImageSource, type SampleContent } from './source.js';
export { type IdentitySplit, type SplitFractions, splitIdentities } from './split.js';
export { applyView, classLabel, VIEW_COUNT, type ViewCount } from './views.js';
export type { Border } from './warp.js';
