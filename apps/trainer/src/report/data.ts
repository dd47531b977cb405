/**
 * The data of a training report, as plain JSON. The trainer writes it to the run's folder as report.json; `renderReport` renders
 * the page from it.
 */
export interface ReportData {
  title: string;
  /** When the run finished, ISO 8601. */
  createdAt: string;
  /** Nouns for one and several identities. Default `{ one: 'identity', many: 'identities' }`. */
  subject?: { one: string; many: string };
  /** The run's config with defaults filled in. */
  config: Record<string, unknown>;
  summary: ReportSummary;
  metrics: StepMetrics[];
  validation: ValidationPoint[];
  /** Figures on the held-out identities during training, if measured. They do not influence the training. */
  test?: ValidationPoint[];
  /** Figures on verification sets during training, if there are such sets. */
  pairFiles?: PairFilePoint[];
  /** ROC curves, thinned to at most a few hundred points. */
  roc: { heldOut?: Curve; untrained?: Curve };
  /** Histogram of the trained model's scores of held-out pairs. Absent without held-out identities. */
  histogram?: Histogram;
  /** Images of some training identities, grouped by identity. */
  samples: { identity: string; images: string[] }[];
  /** Held-out images with their nearest neighbors under the trained model, nearest first. */
  neighbors: { query: string; label: string; results: Neighbor[] }[];
  /** The held-out pairs with the worst errors at the threshold of FPR 1e-3, worst first. */
  mistakes: Mistake[];
  /** Description of the machine, such as `cpu`, `cores`, `node`. */
  machine: Record<string, string | number | boolean | null>;
}

/** The data of a report with held-out identities. */
export interface MeasuredReportData extends ReportData {
  summary: ReportSummary & { heldOut: VerificationSummary };
  roc: { heldOut: Curve; untrained?: Curve };
  histogram: Histogram;
}

/** Returns whether a report has figures on held-out identities. */
export function isMeasured(data: ReportData): data is MeasuredReportData {
  return data.summary.heldOut !== undefined && data.roc.heldOut !== undefined && data.histogram !== undefined;
}

/** The figures of a run. */
export interface ReportSummary {
  /** Numbers of held-out identities that were also trained on, and of pictures in several parts or identities. */
  leaks?: { identities: number; acrossParts: number; acrossIdentities: number };
  /** Figures of the trained model on held-out identities. Absent without them (`data.split.test: 0`). */
  heldOut?: VerificationSummary;
  /** Figures of the trained model on augmented copies for identities with one image, if `heldOut` has real pairs. */
  copies?: VerificationSummary;
  /** Figures of the same model before its first step, on the same pairs as `heldOut`. */
  untrained?: VerificationSummary;
  /** Figures of the trained model on verification sets (`evaluation.pairFiles`), by their names. */
  pairFiles?: Record<string, PairFileSummary>;
  /** Steps done. */
  steps: number;
  /** Present with `training.earlyStopping`; the figures are then those of the best step. */
  earlyStopping?: EarlyStoppingSummary;
  imagesPerSecond: number;
  backend: string;
  /** Precision of the network's products during training. */
  precision?: PrecisionSummary;
  /** Number of replicas; each trained on its part of every batch. */
  replicas?: number;
  /** Number of threads of each replica's kernels, if there are several. */
  threads?: number;
  /** Wall-clock time of training, in seconds. */
  seconds: number;
  imagesSeen?: number;
  /** Number of training classes. */
  classes?: number;
  /** Number of parameters of the embedding model, without the class centers. */
  parameters?: number;
  embeddingSize?: number;
  /** Rank-1 identification rate of the other images against the enrolled clean images, in [0, 1]. */
  rank1?: { heldOut: number; untrained?: number };
}

/** How a training with early stopping ended. */
export interface EarlyStoppingSummary {
  /** The figure of the validation identities that had to rise. */
  metric: string;
  /** Its highest value. */
  best: number;
  bestStep: number;
  /** Whether it ended before the last step of the config. */
  stopped: boolean;
}

/** The requested precision, and the precision that the backend used. */
export interface PrecisionSummary {
  matmul: string;
  /** Type of the activations stored for the backward pass. Missing in results of older versions. */
  activations?: string;
  /** Precision used, by kind of product. */
  did: Record<string, string>;
}

/** How the images of a verification were chosen. */
export interface Protocol {
  /** `real`: pairs of different images of an identity. `augmented`: pairs of augmented copies of its first image. */
  pairKind: 'real' | 'augmented';
  /** Number of identities. */
  identities: number;
  /** Number of images. */
  images: number;
}

/** Verification figures as JSON, created by `summarizeVerification`. Keys are `fprKey`s. Older versions lack the protocol. */
export interface VerificationSummary extends Partial<Protocol> {
  /** True positive rates; null for a false positive rate that needs more negative pairs to be measured. */
  tprAtFpr: Record<string, number | null>;
  auroc: number;
  pairs: { positive: number; negative: number };
  /** Cosine thresholds; null if no positive pair can be accepted at that rate. */
  thresholds: Record<string, number | null>;
  /** 95 % intervals of the TPR. */
  intervals?: Record<string, { low: number; high: number }>;
  /**
   * What the intervals assume. `identities`: they hold for other identities of the same kind. `pairs`: they are too short,
   * because they take pairs as independent; used for very many pairs, and by older versions, which lack this field.
   */
  intervalsOver?: 'identities' | 'pairs';
  /** 95 % interval of the AUROC; only with `intervalsOver: 'identities'`. */
  aurocInterval?: { low: number; high: number };
  /** False for a rate that cannot be measured with so few negative pairs. */
  resolved?: Record<string, boolean>;
}

/** One logged training step. JSON writes non-finite values as null. */
export interface StepMetrics {
  step: number;
  epoch: number;
  loss: number | null;
  lr: number;
  margin?: number;
  scale?: number;
  imagesPerSecond: number | null;
  gradientNorm: number | null;
  /** Parts of the loss; present with both a margin loss and a pair loss. */
  marginLoss?: number | null;
  /** After its weight. */
  pairLoss?: number | null;
  /** Distillation loss before its weight. This and the following fields are present with a teacher. */
  distillationLoss?: number | null;
  distillationWeight?: number;
  /** Norm of the weighted distillation loss's gradient with respect to the embeddings. */
  distillationGradientNorm?: number | null;
  /** Norm of the margin loss's gradient with respect to the embeddings. */
  marginGradientNorm?: number | null;
}

/** A verification during training. `tprAtFpr` has `fprKey`s. */
export interface ValidationPoint {
  step: number;
  imagesSeen: number;
  tprAtFpr: Record<string, number | null>;
  auroc: number;
}

/** Figures of a verification set, by insightface's protocol. */
export interface PairFileSummary {
  pairs: { positive: number; negative: number };
  /** Mean accuracy of 10 folds, each at the threshold that the others choose, and its standard deviation over the folds. */
  accuracy: number;
  accuracyStd: number;
  /** Mean of the folds' thresholds, as a cosine. */
  threshold: number;
  /** Share of accepted pairs of the same identity at thresholds for a false accept rate of 1e-3: mean and standard deviation. */
  val: number;
  valStd: number;
  /** The false accept rate measured at these thresholds. */
  far: number;
}

/** Figures of verification sets during training. */
export interface PairFilePoint {
  step: number;
  imagesSeen: number;
  sets: Record<string, PairFileSummary>;
}

/** A ROC curve from (0, 0) to (1, 1). Both arrays are ascending. */
export interface Curve {
  fpr: number[];
  tpr: number[];
}

/** Counts of pairs by cosine. `edges` has one more element than there are bins. */
export interface Histogram {
  edges: number[];
  positive: number[];
  negative: number[];
}

/** A neighbor of a query: its image as a data URI, its cosine with the query, and whether it is of the same identity. */
export interface Neighbor {
  uri: string;
  score: number;
  same: boolean;
  label?: string;
}

/** A wrongly decided pair: two images as data URIs and their cosine. */
export interface Mistake {
  kind: 'false accept' | 'false reject';
  a: string;
  b: string;
  score: number;
  labelA?: string;
  labelB?: string;
}

/** Returns the key of a false positive rate: `1e-3` for 0.001. */
export function fprKey(fpr: number): string {
  return fpr.toExponential();
}
