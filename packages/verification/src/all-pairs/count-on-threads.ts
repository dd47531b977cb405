import type { Worker } from 'node:worker_threads';
import { CEASE, controlWords, NEXT, pairCounts, STOP } from './control.js';
import { workerSource } from './counting-thread.generated.js';
import type { CountingThreadData } from './counting-thread.js';
import { kernelModule } from './kernels.js';
import type { CountingMemory } from './memory.js';

/** The part of the pairs that the tables already hold. */
export interface Counted {
  /** Number of blocks of columns, from the last. */
  blocks: number;
  pairs: number;
}

/** How to observe, save and cancel a long count. */
export interface CountOptions {
  /** Called about four times a second. */
  onProgress?: (done: { pairs: number; total: number }) => void;
  /** Cancels the count; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
  /**
   * Called every `checkpointEvery` seconds with the state of the count, a safetensors file of at most 670 MB. A later call
   * with the same embeddings resumes from it if it is passed as `resumeFrom`. The count waits for the returned promise.
   */
  onCheckpoint?: (state: Uint8Array) => void | Promise<void>;
  /**
   * Seconds between two checkpoints. Each waits until the threads finish their blocks, which takes seconds if there are
   * many rows. Default: 300.
   */
  checkpointEvery?: number;
}

/**
 * Counts every pair of the rows in the memory, on as many threads as it has room for.
 * @param counted The part of the pairs that the tables already hold.
 * @param checkpoint Called every `checkpointEvery` seconds while no thread counts.
 */
export async function countOnThreads(
  counting: CountingMemory,
  { onProgress, signal, checkpointEvery = 300 }: CountOptions,
  counted: Counted = { blocks: 0, pairs: 0 },
  checkpoint?: (counted: Counted) => void | Promise<void>,
): Promise<void> {
  signal?.throwIfAborted();
  const { memory, kernels, rows, threads } = counting;
  const control = controlWords(memory);
  const pairs = pairCounts(memory, threads.length);
  const total = (rows * (rows - 1)) / 2;
  const blocks = Math.ceil(rows / kernels.COLUMNS.value);
  control[NEXT] = counted.blocks;
  pairs[0] = counted.pairs;
  const done = () => pairs.reduce((sum, own) => sum + own, 0);
  const stop = () => Atomics.store(control, STOP, 1);
  signal?.addEventListener('abort', stop);
  const timer = onProgress && setInterval(() => onProgress({ pairs: done(), total }), 250);
  try {
    while (control[NEXT] < blocks) {
      control[CEASE] = 0;
      const pause = checkpoint && setTimeout(() => Atomics.store(control, CEASE, 1), 1000 * checkpointEvery);
      await runThreads(counting, stop).finally(() => clearTimeout(pause));
      signal?.throwIfAborted();
      // A thread that finds no block left has still incremented NEXT.
      if (control[NEXT] < blocks) await checkpoint?.({ blocks: control[NEXT], pairs: done() });
    }
    if (done() !== total) throw new Error(`The verification threads counted ${done()} of ${total} pairs.`);
    onProgress?.({ pairs: total, total });
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', stop);
  }
}

/** Runs threads that take blocks until none is left or CEASE is set. */
async function runThreads(counting: CountingMemory, stop: () => void): Promise<void> {
  const { memory, kernels, rows, dimensions, x, labels, positives, carries, threads } = counting;
  const { Worker } = process.getBuiltinModule('node:worker_threads');
  const module = kernelModule();
  const columns = kernels.COLUMNS.value;
  const shared = { module, memory, rows, dimensions, x, labels, positives, carries, columns };
  const exits = await Promise.allSettled(
    threads.map((thread, index) => {
      const workerData: CountingThreadData = { ...shared, thread, index };
      const worker = new Worker(workerSource, {
        eval: true,
        name: `unitsphere-verification-${index}`,
        // A thread allocates almost nothing; the default limits cost 10 MB each.
        resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 16 },
        workerData,
      });
      return waitForExit(worker, stop);
    }),
  );
  const failed = exits.find((exit) => exit.status === 'rejected');
  if (failed) throw failed.reason;
}

/** Resolves when a thread exits. If it fails, stops the other threads and rejects. */
function waitForExit(worker: Worker, stopOthers: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.on('error', (error) => {
      stopOthers();
      reject(new Error(`A verification thread failed: ${error.message}`, { cause: error }));
    });
    worker.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`A verification thread exited with code ${code}.`));
    });
  });
}
