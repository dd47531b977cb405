/** Arrays that can be exchanged. They may be views into a larger buffer, such as a WebAssembly heap. */
export type NumericArray = Float32Array | Float64Array | Int32Array | Uint8Array;

/** Operation that combines the values of all ranks. */
export type ReduceOp = 'sum' | 'mean' | 'max';

/**
 * A group of replicas that compute together. All ranks call the same methods in the same order with the same settings. A
 * call returns when this rank's part is done and keeps no reference to the arrays. If the ranks call different operations,
 * or with different lengths, the call fails on all of them with a `CollectiveMismatchError`. After `abort`, waiting and
 * later calls throw a `CollectiveAbortedError`.
 */
export interface Communicator {
  /** Number of this member of the group: 0 … size − 1. */
  readonly rank: number;
  /** Number of members. */
  readonly size: number;

  /** Waits until every rank has called it. */
  barrier(): void;

  /** Replaces the values on every rank by those of `root`, in place. Lengths must be equal. Default root 0. */
  broadcast(data: NumericArray, root?: number): void;

  /**
   * Replaces the values on every rank by their elementwise sum, mean or maximum over ranks, in place; default 'sum'.
   * Lengths must be equal. The result is deterministic and bit-identical on every rank: values are added in rank order,
   * and each sum is rounded to the array's type. A maximum with a NaN is NaN.
   */
  allReduce(data: Float32Array | Float64Array, op?: ReduceOp): void;

  /** Returns the concatenated arrays of all ranks as a new array, in rank order. Lengths may differ between ranks. */
  allGather<T extends NumericArray>(data: T): T;

  /** Like `allGather`, but only for `root`. Returns undefined on the other ranks. Default root 0. */
  gather<T extends NumericArray>(data: T, root?: number): T | undefined;

  /**
   * Sums over ranks, as `allReduce` does, and returns this rank's part as a new array. The first counts[0] elements belong
   * to rank 0, the next counts[1] to rank 1, and so on. `counts` must be equal on all ranks and add up to the length. By
   * default the parts are equal, and the length must be a multiple of the size. `data` is not changed.
   */
  reduceScatter(data: Float32Array, counts?: readonly number[]): Float32Array;

  /** Ends the group: waiting and later calls of all ranks throw a `CollectiveAbortedError`. Any rank may call it at any time. */
  abort(reason: unknown): void;
}
