/**
 * How the runner speaks with a contender, a process of its own: one JSON object a line, requests on its stdin, replies on
 * its stdout. It first says `ready` or `absent`, before it makes anything.
 */

/** What the runner asks. */
export type Request = { do: 'steps'; count: number } | { do: 'memory' } | { do: 'exit' };

/** What the contender is: versions, threads, whatever helps to read its figures. */
export type Description = Record<string, string | number>;

/** Memory of a contender, in bytes; what it cannot know is left out. */
export interface MemoryFigures {
  /** The most that the process ever had in physical memory. */
  peakRss: number;
  /** What it has now. */
  rss?: number;
  /** Of it, what belongs to no file. */
  anonymous?: number;
  /** TensorFlow.js's own count. */
  tensors?: number;
  tensorBytes?: number;
  /** The WebAssembly memories of the process together. */
  wasmHeap?: number;
}

/** How steps went. */
export interface StepTimes {
  /** Wall-clock time of each step, until its loss was known. */
  milliseconds: number[];
  /** Processor time of all steps and all threads together, in milliseconds. */
  processor: number;
  /** The last step's loss. */
  loss: number;
}

/** What the contender answers. */
export type Reply =
  /** It can run. footprint: its peak memory before anything of the benchmark was made, in bytes. */
  | { ready: Description; footprint: number }
  /** It cannot run here: why, and what to do. */
  | { absent: string }
  | StepTimes
  | { memory: MemoryFigures };
