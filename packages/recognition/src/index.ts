export type { Calibration, SimilarPair, SimilarStranger } from './calibration/calibration.js';
export type { AcceptRate } from './calibration/choose-threshold.js';
export type { Decision } from './decide.js';
export type { EmbedOptions, GalleryEmbedder } from './embedder.js';
export {
  type EvaluatedRate,
  type EvaluateGalleryOptions,
  evaluateGallery,
  type GalleryEvaluation,
} from './evaluate-gallery.js';
export {
  type CalibrateOptions,
  type CreateGalleryOptions,
  createGallery,
  type EnrollOptions,
  type Gallery,
  type GalleryOptions,
  type Identity,
  type Match,
  openGallery,
  type Recognition,
  type RecognizeOptions,
  type Verification,
} from './gallery.js';
export { ExactIndex, type ExactIndexOptions } from './search/exact-index.js';
export type { GalleryIndex, IndexedTemplate, IndexMatch } from './search/gallery-index.js';
export { GalleryStoreError, type GalleryStoreErrorCode } from './store/errors.js';
export type {
  GalleryChange,
  GalleryHeader,
  GallerySnapshot,
  GalleryStore,
  IdentityRecord,
  JsonValue,
  Metadata,
  NewTemplate,
  StoredCalibration,
  StoredTensor,
  TemplateRecord,
  WriteResult,
} from './store/gallery-store.js';
export { MemoryStore } from './store/memory-store.js';
