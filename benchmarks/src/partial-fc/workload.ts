/** The workload of a step of PartialFC. */
export interface HeadWorkload {
  classes: number;
  /** Length of an embedding. */
  dimensions: number;
  batch: number;
  /** Number of classes that a step samples. Equal to `classes` for the full softmax. */
  sampled: number;
}

/** Number of steps with different samples. After them, the samples repeat. */
export const CYCLE = 8;

/** Workload of the first part: the same number of sampled classes for every number of classes. */
export const CLASSES_WORKLOAD = { dimensions: 256, batch: 64, sampled: 1000 };
export const CLASS_COUNTS = [10_000, 100_000, 1_000_000, 10_000_000];

/** Workload of the second part, with about as many classes as DocClassifier's training. */
export const RATE_WORKLOAD: HeadWorkload = { classes: 400_000, dimensions: 256, batch: 64, sampled: 40_000 };

/** Returns the workload as command-line options of a contender. */
export function formatHeadArguments(workload: HeadWorkload): string[] {
  return (['classes', 'dimensions', 'batch', 'sampled'] as const).flatMap((name) => [
    `--${name}`,
    String(workload[name]),
  ]);
}

/** Formats the workload in one line, without the number of classes. */
export function formatHeadWorkload({ dimensions, batch, sampled }: Omit<HeadWorkload, 'classes'>): string {
  return `${sampled.toLocaleString('en')} sampled classes, ${dimensions} dimensions, batch of ${batch}, CosFace (scale 64, margin 0.4), AdamW on the sampled rows, float32`;
}
