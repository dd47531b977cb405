/** What a step of PartialFC is made on. */
export interface HeadWorkload {
  classes: number;
  /** Length of an embedding. */
  dimensions: number;
  batch: number;
  /** Classes that a step samples; all of them for the full softmax. */
  sampled: number;
}

/** Steps whose samples differ; then they come again. */
export const CYCLE = 8;

/** How the step is to stay the same: as many sampled classes, whatever the classes. */
export const CLASSES_WORKLOAD = { dimensions: 256, batch: 64, sampled: 1000 };
export const CLASS_COUNTS = [10_000, 100_000, 1_000_000, 10_000_000];

/** The reference's scale. */
export const RATE_WORKLOAD: HeadWorkload = { classes: 400_000, dimensions: 256, batch: 64, sampled: 40_000 };

/** A workload as options of a contender's command line. */
export function headArguments(workload: HeadWorkload): string[] {
  return (['classes', 'dimensions', 'batch', 'sampled'] as const).flatMap((name) => [
    `--${name}`,
    String(workload[name]),
  ]);
}

/** A workload in one line, but for the classes. */
export function headLine({ dimensions, batch, sampled }: Omit<HeadWorkload, 'classes'>): string {
  return `${sampled.toLocaleString('en')} sampled classes, ${dimensions} dimensions, batch ${batch}, CosFace 64/0.4, AdamW on the sampled rows, float32`;
}
