/**
 * The protocol between the runner and a contender, which is a separate process: one JSON object per line, requests on its
 * stdin, replies on its stdout. The contender first sends `ready` or `absent`, before it creates anything.
 */

/** A request of the runner. */
export type Request =
  | { do: 'steps'; count: number }
  /** Later steps are of this workload; the peak memory starts anew. */
  | { do: 'select'; workload: Record<string, string | number> }
  | { do: 'memory' }
  | { do: 'exit' };

/** Versions, threads and other properties of a contender that help to interpret its figures. */
export type Description = Record<string, string | number>;

/** Memory of a contender, in bytes. Fields that it cannot determine are omitted. */
export interface MemoryFigures {
  /** Peak resident memory of the process. */
  peakRss: number;
  /** Current resident memory. */
  rss?: number;
  /** Part of `rss` that no file backs. */
  anonymous?: number;
  /** Number of tensors, as TensorFlow.js counts them. */
  tensors?: number;
  /** Bytes of these tensors. */
  tensorBytes?: number;
  /** Total size of the WebAssembly memories of the process. */
  wasmHeap?: number;
}

/** Times of a sequence of steps. */
export interface StepTimes {
  /** Wall-clock time of each step, until its loss was read. */
  milliseconds: number[];
  /** Processor time of all steps and all threads together, in milliseconds. */
  processor: number;
  /** Loss of the last step. */
  loss: number;
}

/** A reply of the contender. */
export type Reply =
  /** The contender can run. `footprint`: its peak memory in bytes before it created anything for the benchmark. */
  | { ready: Description; footprint: number }
  /** The contender cannot run on this machine: why, and what to do. */
  | { absent: string }
  | StepTimes
  | { selected: true }
  | { memory: MemoryFigures };
