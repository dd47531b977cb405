/** What a step took and gave. */
export interface StepReport {
  /** Steps done, this one among them. */
  step: number;
  epoch: number;
  loss: number;
  learningRate: number;
  /** Images in the step's batch. */
  images: number;
  /** How many replicas shared it; told where it is more than one. */
  replicas?: number;
  /** Milliseconds by what they went to, such as `{ data: 3, compute: 140 }`; together the step's time. */
  times: Record<string, number>;
}

/** Where a training loop tells how it goes; the terminal's is {@link Progress}, a page may bring its own. */
export interface ProgressReporter {
  step(report: StepReport): void;
  /** A line that stays, such as a validation's result. */
  note(line: string): void;
  /** Words in place of the steps while something else runs, such as "validating"; nothing to go back to steps. */
  phase(words: string | null): void;
  done(): void;
}
