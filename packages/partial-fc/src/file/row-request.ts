/** Indices of the words of a request's control memory. */
export const REQUEST = 0;
export const COUNT = 1;
export const NEXT = 2;
export const DONE = 3;
export const CLOSED = 4;
export const WRITE_FD = 5;
export const CONTROL_WORDS = 6;

/** Outcomes of a record. A failed write has its negative error number. */
export const ABSENT = 0;
export const READ = 1;
export const MOVED = 2;

/** Records that a thread takes at a time: few enough to stay in the processor's cache between the calls that move them. */
export const SHARE = 64;

/** Shared memory of the requests that row threads work on. Entry i of each array belongs to record i of the request. */
export interface RowRequest {
  /**
   * - REQUEST: number of requests so far. A change wakes the threads.
   * - COUNT: number of records of the request.
   * - NEXT: first record that no thread has taken.
   * - DONE: number of threads that have finished the request. A change wakes the program.
   * - CLOSED: 1 to end the threads.
   * - WRITE_FD: descriptor of the file to write to.
   */
  readonly control: Int32Array;
  /** Slot in memory. */
  readonly slots: Int32Array;
  /** Row to seal and write first; −1 for none. */
  readonly leaving: Int32Array;
  /** Byte position at which to write it. */
  readonly writePositions: Float64Array;
  /** Row to read into the slot; −1 for none. */
  readonly coming: Int32Array;
  /** Descriptor of the file to read from. */
  readonly readFds: Int32Array;
  /** Byte position at which to read. */
  readonly readPositions: Float64Array;
  /** Result: ABSENT, READ, MOVED or a negative error number. */
  readonly outcomes: Int32Array;
}

/** Returns the shared memory for requests of at most `size` records. */
export function createRowRequest(size: number): RowRequest {
  const integers = (count: number) => new Int32Array(new SharedArrayBuffer(4 * count));
  const positions = () => new Float64Array(new SharedArrayBuffer(8 * size));
  return {
    control: integers(CONTROL_WORDS),
    slots: integers(size),
    leaving: integers(size),
    writePositions: positions(),
    coming: integers(size),
    readFds: integers(size),
    readPositions: positions(),
    outcomes: integers(size),
  };
}
