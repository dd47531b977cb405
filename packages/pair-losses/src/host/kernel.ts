/** Computes rows of a loss on the host, in one pass over plain arrays. */
export type Kernel = (block: KernelBlock) => void;

/** A block of rows, as a kernel sees it. */
export interface KernelBlock {
  /** float32 [rows, columns]: distances. The kernel replaces them by the gradient. */
  matrix: Float32Array;
  rows: number;
  columns: number;
  /** The batch's row of the first row. */
  start: number;
  /** One per part of the loss. */
  parts: readonly PartTotal[];
  /** Values of the loss's parameters. */
  parameters: readonly Float32Array[];
  /** Gradients of the parameters; the kernel adds to them. */
  gradients: readonly Float32Array[];
}

/** What the reducer requires of a part of a loss. */
export interface HostReducer {
  rowWeights: Float32Array;
  /** Losses up to `low` and from `high` are dropped. */
  range?: { readonly low?: number; readonly high?: number };
}

/** The sum of a part's losses, and the factor of each in the gradient. */
export class PartTotal {
  /** Factor of all gradients. */
  scale = 1;
  sum = 0;
  /** Number of kept elements. */
  count = 0;
  /** The divisor that the loss defines; NaN if it defines none. */
  divisor = Number.NaN;
  readonly #weights: Float32Array;
  readonly #low: number;
  readonly #high: number;

  constructor({ rowWeights, range }: HostReducer) {
    this.#weights = rowWeights;
    // Nothing is below or above NaN.
    this.#low = range?.low ?? Number.NaN;
    this.#high = range?.high ?? Number.NaN;
  }

  /** Adds `times` elements with this loss, and returns the factor of their gradient: 0 if the reducer drops them. */
  add(loss: number, row: number, times = 1): number {
    if (loss <= this.#low || loss >= this.#high) return 0;
    const weight = this.#weights[row] * times;
    this.sum += weight * loss;
    this.count += times;
    return weight * this.scale;
  }

  /** Adds to the divisor that the loss defines. */
  addDivisor(value: number): void {
    this.divisor = (Number.isNaN(this.divisor) ? 0 : this.divisor) + value;
  }
}
