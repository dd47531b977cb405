export { type HardestPairs, hardestPairs, type ScoredPair } from './hardest-pairs';
export {
  type IdentificationRate,
  type IdentificationResult,
  identificationRate,
} from './identification-rate';
export { type NearestNeighboursOptions, type Neighbours, nearestNeighbours } from './nearest-neighbours';
export {
  auroc,
  DEFAULT_FPRS,
  type RocCurve,
  type RocOptions,
  type RocResult,
  rocFromScores,
  type TprAtFpr,
} from './roc';
export { type AllPairsOptions, verifyAllPairs } from './verify-all-pairs';
export {
  type ScoreHistogram,
  type VerificationOptions,
  type VerificationResult,
  verifyEmbeddings,
} from './verify-embeddings';
export { type Interval, wilson } from './wilson';
