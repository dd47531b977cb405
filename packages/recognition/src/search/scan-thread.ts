// Entry of a thread that scans part of the rows. It answers each job with its candidates.
import { kernelsOn } from './kernels.js';
import type { Pointer } from './pointer.js';
import { type Candidates, type ScanLayout, type ScanPart, type ScanQuery, scanGroups } from './scan.js';

/** The first message to a thread. */
export interface ThreadStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly layout: ScanLayout;
  readonly out: Pointer;
}

/** Every later message to a thread. */
export interface ThreadJob {
  readonly queries: readonly ScanQuery[];
  readonly k: number;
  readonly part: ScanPart;
}

/** The answer to a job. */
export type ThreadAnswer = Candidates[];

// A worker's global scope in a page, and the parent's port in Node, send and receive alike.
const port = (typeof process === 'undefined'
  ? globalThis
  : process.getBuiltinModule('node:worker_threads').parentPort) as unknown as Pick<
  Worker,
  'onmessage' | 'postMessage'
>;

port.onmessage = ({ data: { module, memory, layout, out } }: MessageEvent<ThreadStart>) => {
  const kernels = kernelsOn(module, memory);
  port.onmessage = ({ data: { queries, k, part } }: MessageEvent<ThreadJob>) => {
    port.postMessage(scanGroups(kernels, memory, layout, queries, k, part, out) satisfies ThreadAnswer);
  };
};
