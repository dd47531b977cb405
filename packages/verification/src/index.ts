export {
  bootstrapVerification,
  type IdentityBootstrap,
  type IdentityBootstrapOptions,
} from './bootstrap-verification.js';
export { type ClusteredRate, clusteredRate } from './clustered-rate.js';
export { type HardestPairs, hardestPairs, type ScoredPair } from './hardest-pairs.js';
export {
  type IdentificationRate,
  type IdentificationResult,
  identificationRate,
} from './identification-rate.js';
export { type FoldAccuracy, lfwAccuracy, pairDistances } from './lfw-accuracy.js';
export { type NearestNeighborsOptions, type Neighbors, nearestNeighbors } from './nearest-neighbors.js';
export {
  type OpenSetOptions,
  type OpenSetPoint,
  type OpenSetResult,
  openSetIdentification,
  pairFprForGallery,
} from './open-set.js';
export { type PairFile, readPairFile } from './read-pair-file.js';
export type { IgnoredRows } from './retrieval/match-ranks.js';
export {
  type RetrievalMean,
  type RetrievalMetrics,
  type RetrievalOptions,
  retrievalMetrics,
} from './retrieval/retrieval-metrics.js';
export {
  auroc,
  DEFAULT_FPRS,
  type RocCurve,
  type RocOptions,
  type RocResult,
  rocFromScores,
  type TprAtFpr,
} from './roc.js';
export { poolTemplates, scorePairs, type Templates } from './templates.js';
export { type ValidationRate, type ValidationRateOptions, validationRate } from './validation-rate.js';
export { type AllPairsOptions, verifyAllPairs } from './verify-all-pairs.js';
export {
  type ScoreHistogram,
  type VerificationOptions,
  type VerificationResult,
  verifyEmbeddings,
} from './verify-embeddings.js';
export { type Interval, wilsonInterval } from './wilson.js';
