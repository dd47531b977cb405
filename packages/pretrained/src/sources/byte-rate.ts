/** Limits of an attempt. */
export interface RateLimits {
  /** Length of a window, in milliseconds. */
  window: number;
  /** Bytes per second that must arrive in each window. */
  minRate: number;
}

/** Aborts an attempt that receives too few bytes within a window of time. */
export class ByteRateGuard {
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #limits: RateLimits;
  #received = 0;

  /** Aborted if too few bytes arrive. */
  readonly signal = this.#controller.signal;

  constructor(limits: RateLimits) {
    this.#limits = limits;
    this.#timer = setInterval(() => this.#check(), limits.window);
  }

  /** Counts received bytes. */
  count(bytes: number): void {
    this.#received += bytes;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Describes why the attempt was aborted; undefined if it was not. */
  get problem(): string | undefined {
    return this.signal.aborted ? (this.signal.reason as Error).message : undefined;
  }

  #check(): void {
    const { window, minRate } = this.#limits;
    const seconds = window / 1000;
    if (this.#received < Math.max(1, minRate * seconds)) {
      const reason =
        this.#received === 0
          ? 'the server sent no data for too long'
          : `the server sent only ${this.#received} bytes in ${seconds} s, less than ${minRate} bytes per second`;
      this.#controller.abort(new Error(reason));
      this.stop();
    }
    this.#received = 0;
  }
}
