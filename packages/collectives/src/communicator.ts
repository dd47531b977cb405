/** The arrays that can be sent. They may be views into a larger buffer, a WebAssembly heap among them. */
export type NumericArray = Float32Array | Float64Array | Int32Array | Uint8Array;

/** How the ranks' values become one. */
export type ReduceOp = 'sum' | 'mean' | 'max';

/**
 * A group of replicas that compute together. Every method is called by all ranks in the same order with the same
 * settings, returns when this rank's part is done, and holds no reference to the arrays afterward.
 * A rank that calls another operation than the rest, or with another length, makes the call fail on all ranks with a
 * `CollectiveMismatchError`; after `abort`, calls that wait and later ones throw a `CollectiveAbortedError`.
 */
export interface Communicator {
  /** Which member of the group this is: 0 … size − 1. */
  readonly rank: number;
  /** Number of members. */
  readonly size: number;

  /** Returns once every rank has called it. */
  barrier(): void;

  /** In place: every rank ends with root's values. The lengths are equal on all ranks. Default root 0. */
  broadcast(data: NumericArray, root?: number): void;

  /**
   * In place: every rank ends with the sum, mean or maximum over ranks, element by element; default 'sum'. The lengths
   * are equal on all ranks. Every rank gets the same bits, and so does every run: values are added in rank order, each sum
   * rounded to the array's type. The maximum with a NaN is NaN.
   */
  allReduce(data: Float32Array | Float64Array, op?: ReduceOp): void;

  /** A new array: the ranks' arrays behind one another, in rank order. Lengths may differ between ranks. */
  allGather<T extends NumericArray>(data: T): T;

  /** `allGather` for root alone: undefined on the other ranks, which then need not hold it all. Default root 0. */
  gather<T extends NumericArray>(data: T, root?: number): T | undefined;

  /**
   * Sums over ranks, as `allReduce` does, and returns this rank's part as a new array: the first counts[0] elements are
   * rank 0's, the next counts[1] rank 1's, and so on. `counts` add up to the length and are equal on all ranks; default:
   * equal parts, for which the length must be a multiple of the size. `data` is left as it was.
   */
  reduceScatter(data: Float32Array, counts?: readonly number[]): Float32Array;

  /** Ends the group: every rank's waiting and later calls throw a `CollectiveAbortedError` with this reason. Any rank may call it at any time. */
  abort(reason: unknown): void;
}
