/** Steps that are not counted: the first compiles kernels and waits for the data workers to start. */
const SKIPPED = 1;
/** Steps that a measurement requires. */
const REQUIRED = 4;
/** Number of last steps that count. */
const WINDOW = 20;

/** The time of a training's steps, measured from the first ones on. */
export class MeasuredSteps {
  #seen = 0;
  readonly #last: number[] = [];

  /** @param milliseconds What a step took. */
  add(milliseconds: number): void {
    if (this.#seen++ < SKIPPED) return;
    this.#last.push(milliseconds);
    if (this.#last.length > WINDOW) this.#last.shift();
  }

  /** Median of the last steps in seconds; undefined until enough are measured. */
  get secondsPerStep(): number | undefined {
    if (this.#last.length < REQUIRED) return undefined;
    const sorted = [...this.#last].sort((a, b) => a - b);
    const half = sorted.length >> 1;
    const median = sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    return median / 1000;
  }
}

/** What steps took in this page, by what their time depends on. */
export class StepTimes {
  readonly #seconds = new Map<string, number>();

  set(speedKey: string, secondsPerStep: number): void {
    this.#seconds.set(speedKey, secondsPerStep);
  }

  /** Returns the seconds per step; undefined if none were measured. */
  get(speedKey: string): number | undefined {
    return this.#seconds.get(speedKey);
  }
}
