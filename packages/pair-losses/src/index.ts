export {
  CrossBatchMemory,
  type CrossBatchMemoryOptions,
  type MemoryCall,
  type MemoryState,
} from './cross-batch-memory.js';
export { CosineSimilarity } from './distances/cosine.js';
export type { Distance, WithPullback } from './distances/distance.js';
export { DotProductSimilarity, type DotProductSimilarityOptions } from './distances/dot-product.js';
export { EuclideanDistance, type EuclideanDistanceOptions } from './distances/euclidean.js';
export { LpDistance, type LpDistanceOptions } from './distances/lp-distance.js';
export { SNRDistance, type SNRDistanceOptions } from './distances/snr-distance.js';
export { type MatMul, setMatMul } from './host/product.js';
export type { Labels } from './labels.js';
export { AngularLoss, type AngularLossOptions } from './losses/angular.js';
export { CircleLoss, type CircleLossOptions } from './losses/circle.js';
export { ContrastiveLoss, type ContrastiveLossOptions } from './losses/contrastive.js';
export { FastAPLoss, type FastAPLossOptions } from './losses/fast-ap.js';
export { LiftedStructureLoss, type LiftedStructureLossOptions } from './losses/lifted-structure.js';
export { MarginLoss, type MarginLossOptions } from './losses/margin.js';
export { MultiSimilarityLoss, type MultiSimilarityLossOptions } from './losses/multi-similarity.js';
export { NPairsLoss } from './losses/n-pairs.js';
export { NTXentLoss, type NTXentLossOptions } from './losses/ntxent.js';
export { SigLIPLoss, type SigLIPLossOptions } from './losses/siglip.js';
export { SmoothAPLoss, type SmoothAPLossOptions } from './losses/smooth-ap.js';
export { SupConLoss, type SupConLossOptions } from './losses/supcon.js';
export { TripletMarginLoss, type TripletMarginLossOptions } from './losses/triplet-margin.js';
export { AngularMiner, type AngularMinerOptions } from './miners/angular.js';
export {
  BatchEasyHardMiner,
  type BatchEasyHardMinerOptions,
  type BatchStrategy,
} from './miners/batch-easy-hard.js';
export { BatchHardMiner } from './miners/batch-hard.js';
export { DistanceWeightedMiner, type DistanceWeightedMinerOptions } from './miners/distance-weighted.js';
export type { Miner, MinerCall, MinerOptions } from './miners/miner.js';
export { MultiSimilarityMiner, type MultiSimilarityMinerOptions } from './miners/multi-similarity.js';
export { PairMarginMiner, type PairMarginMinerOptions } from './miners/pair-margin.js';
export {
  TripletMarginMiner,
  type TripletMarginMinerOptions,
  type TripletType,
} from './miners/triplet-margin.js';
export { elementLosses } from './pairs/element-losses.js';
export type { EmbeddingLoss, LossCall, LossOptions, PairLoss } from './pairs/pair-loss.js';
export type { Pairs, Triplets, Tuples } from './pairs/tuples.js';
export { ProxyAnchorLoss, type ProxyAnchorLossOptions } from './proxies/proxy-anchor.js';
export type { ProxyLossCall, ProxyLossOptions } from './proxies/proxy-loss.js';
export { ProxyNCALoss, type ProxyNCALossOptions } from './proxies/proxy-nca.js';
export { SoftTripleLoss, type SoftTripleLossOptions } from './proxies/soft-triple.js';
export {
  SubCenterArcFaceLoss,
  type SubCenterArcFaceLossOptions,
  type SubCenterOutliers,
} from './proxies/sub-center-arcface.js';
export { AvgNonZeroReducer } from './reducers/average-nonzero.js';
export { ClassWeightedReducer } from './reducers/class-weighted.js';
export { DivisorReducer } from './reducers/divisor.js';
export { MeanReducer } from './reducers/mean.js';
export { PerAnchorReducer } from './reducers/per-anchor.js';
export { PerClassMeanReducer } from './reducers/per-class-mean.js';
export type { Reducer } from './reducers/reducer.js';
export { SumReducer } from './reducers/sum.js';
export { ThresholdReducer, type ThresholdReducerOptions } from './reducers/threshold.js';
export { CenterInvariantRegularizer } from './regularizers/center-invariant.js';
export { LpRegularizer, type LpRegularizerOptions } from './regularizers/lp.js';
export { RegularFaceRegularizer } from './regularizers/regular-face.js';
export type { Regularizer, WeightedRegularizer } from './regularizers/regularizer.js';
export {
  SparseCentersRegularizer,
  type SparseCentersRegularizerOptions,
} from './regularizers/sparse-centers.js';
export { ZeroMeanRegularizer } from './regularizers/zero-mean.js';
