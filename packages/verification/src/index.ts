export {
  bootstrapVerification,
  type IdentityBootstrap,
  type IdentityBootstrapOptions,
} from './bootstrap-verification';
export { type HardestPairs, hardestPairs, type ScoredPair } from './hardest-pairs';
export {
  type IdentificationRate,
  type IdentificationResult,
  identificationRate,
} from './identification-rate';
export { type FoldAccuracy, lfwAccuracy, pairDistances } from './lfw-accuracy';
export { type NearestNeighboursOptions, type Neighbours, nearestNeighbours } from './nearest-neighbours';
export {
  type OpenSetOptions,
  type OpenSetPoint,
  type OpenSetResult,
  openSetIdentification,
  pairFprForGallery,
} from './open-set';
export { type PairFile, readPairFile } from './read-pair-file';
export {
  auroc,
  DEFAULT_FPRS,
  type RocCurve,
  type RocOptions,
  type RocResult,
  rocFromScores,
  type TprAtFpr,
} from './roc';
export { poolTemplates, scorePairs, type Templates } from './templates';
export { type AllPairsOptions, verifyAllPairs } from './verify-all-pairs';
export {
  type ScoreHistogram,
  type VerificationOptions,
  type VerificationResult,
  verifyEmbeddings,
} from './verify-embeddings';
export { type Interval, wilson } from './wilson';
