/** The figures of a step that progress shows. */
export interface StepReport {
  /** Number of steps done, including this one. */
  step: number;
  epoch: number;
  loss: number;
  learningRate: number;
  /** Number of images in the step's batch. */
  images: number;
  /** Number of replicas that shared the batch; shown if there is more than one. */
  replicas?: number;
  /**
   * Milliseconds by cause; they add up to the step's time. `disk`, `decoding`, `drawing` and `augmentation`: waiting for images;
   * `centers`: the class centers; `compute`: the rest.
   */
  times: Record<string, number>;
}

/** Receives the progress of a training loop: {@link Progress} in a terminal, or a page's own implementation. */
export interface ProgressReporter {
  step(report: StepReport): void;
  /** Prints a permanent line, such as a validation's result. */
  note(line: string): void;
  /** Shows words such as "validating" instead of the steps; null shows the steps again. */
  phase(words: string | null): void;
  done(): void;
}
