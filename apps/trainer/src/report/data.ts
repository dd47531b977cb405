/**
 * Everything a training report shows, as plain JSON: a trainer writes it beside the checkpoints, and `renderReport`
 * makes the page of it at any later time.
 */
export interface ReportData {
  title: string;
  /** When the run finished, ISO 8601. */
  createdAt: string;
  /** What an identity is called in sentences. Default `{ one: 'identity', many: 'identities' }`. */
  subject?: { one: string; many: string };
  /** The run's configuration, as it was resolved. */
  config: Record<string, unknown>;
  summary: ReportSummary;
  metrics: StepMetrics[];
  validation: ValidationPoint[];
  /** The same on the held-out identities, where the run measured them while training; nothing is chosen by them. */
  test?: ValidationPoint[];
  /** ROC curves; thinned ones of up to a few hundred points. */
  roc: { heldOut: Curve; untrained?: Curve };
  /** Held-out scores of the trained model: pairs in each bin. */
  histogram: Histogram;
  /** Augmented training images, grouped by identity. */
  samples: { identity: string; images: string[] }[];
  /** Held-out images and what the trained model finds nearest to each, best first. */
  neighbors: { query: string; label: string; results: Neighbor[] }[];
  /** The held-out pairs that the headline's threshold gets most wrong, worst first. */
  mistakes: Mistake[];
  /** Facts of the machine, such as `cpu`, `cores`, `node`. */
  machine: Record<string, string | number | boolean | null>;
}

/** The figures of a run. */
export interface ReportSummary {
  /** The trained model on identities that were not in training. */
  heldOut: VerificationSummary;
  /** The same model before its first step, on the same pairs. */
  untrained?: VerificationSummary;
  steps: number;
  imagesPerSecond: number;
  backend: string;
  /** How precise the network's products were in training. */
  precision?: PrecisionSummary;
  /** How many replicas trained, each on its part of every batch. */
  replicas?: number;
  /** Wall-clock time of training. */
  seconds: number;
  imagesSeen?: number;
  /** Classes trained on. */
  classes?: number;
  /** Trainable parameters of the embedding model, without the class centers. */
  parameters?: number;
  embeddingSize?: number;
  /** Rank-1 identification of augmented probes among clean enrollments, in [0, 1]. */
  rank1?: { heldOut: number; untrained?: number };
}

/** A precision that was asked for, and what took place on the backend. */
export interface PrecisionSummary {
  matmul: string;
  /** How activations waited for the backward pass; results of before that was a choice have none. */
  activations?: string;
  /** By kind of product. */
  did: Record<string, string>;
}

/** Verification figures as JSON; `summarizeVerification` makes one of a verification result. Keys are `fprKey`s. */
export interface VerificationSummary {
  tprAtFpr: Record<string, number>;
  auroc: number;
  pairs: { positive: number; negative: number };
  /** Cosine thresholds; null when no positive pair can be accepted at that rate. */
  thresholds: Record<string, number | null>;
  /** 95 % intervals of the TPR. */
  intervals?: Record<string, { low: number; high: number }>;
  /** False for a rate that there are too few negative pairs to measure. */
  resolved?: Record<string, boolean>;
  /** How many identities and images the pairs are made of. */
  identities?: number;
  images?: number;
}

/** One logged training step; a value that was not finite is null, as JSON has it. */
export interface StepMetrics {
  step: number;
  epoch: number;
  loss: number | null;
  lr: number;
  margin?: number;
  scale?: number;
  imagesPerSecond: number | null;
  gradientNorm: number | null;
  /** With a teacher: its loss, that loss's weight, and the norms of both losses' gradients for the embeddings. */
  distillationLoss?: number | null;
  distillationWeight?: number;
  distillationGradientNorm?: number | null;
  marginGradientNorm?: number | null;
}

/** A validation made while training; `tprAtFpr` by `fprKey`. */
export interface ValidationPoint {
  step: number;
  imagesSeen: number;
  tprAtFpr: Record<string, number>;
  auroc: number;
}

/** A ROC curve from (0, 0) to (1, 1), both arrays ascending. */
export interface Curve {
  fpr: number[];
  tpr: number[];
}

/** Counts of pairs by cosine: one more edge than bins. */
export interface Histogram {
  edges: number[];
  positive: number[];
  negative: number[];
}

/** A found image: a data URI, its cosine with the query, and whether it is of the query's identity. */
export interface Neighbor {
  uri: string;
  score: number;
  same: boolean;
  label?: string;
}

/** A pair decided wrongly: two data URIs and their cosine. */
export interface Mistake {
  kind: 'false accept' | 'false reject';
  a: string;
  b: string;
  score: number;
  labelA?: string;
  labelB?: string;
}

/** The key of a false positive rate: `1e-3` for 0.001. */
export function fprKey(fpr: number): string {
  return fpr.toExponential();
}
