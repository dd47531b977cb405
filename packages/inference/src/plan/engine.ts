import { createKernelSet, type KernelSet } from '@unitsphere/ops';
import type { KernelThreads } from '../threads/kernel-threads.js';

/** Pages of the largest memory, 4 GiB. */
const MOST_PAGES = 65_536;

/** Kernels on a memory of their own. */
export interface Engine {
  readonly memory: WebAssembly.Memory;
  readonly kernels: KernelSet;
  /** Number of threads that compute together. */
  readonly threads: number;
  /** The threads that call WebAssembly kernels, if there are several. The processor's own kernels have threads by themselves. */
  readonly wasmThreads: KernelThreads | undefined;
}

/** Creates kernels on a new memory: the processor's own, or else WebAssembly's on as many threads. */
export async function createEngine(threads: number): Promise<Engine> {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const kernels = createKernelSet(memory);
  if (threads === 1 || kernels.native) return { memory, kernels, threads, wasmThreads: undefined };
  // Most networks run on one thread, and need none of this.
  const { KernelThreads } = await import('../threads/kernel-threads.js');
  const shared = new WebAssembly.Memory({ initial: 1, maximum: MOST_PAGES, shared: true });
  const sharedKernels = createKernelSet(shared);
  const wasmThreads = await KernelThreads.start(sharedKernels, shared, threads);
  return { memory: shared, kernels: sharedKernels, threads, wasmThreads };
}
