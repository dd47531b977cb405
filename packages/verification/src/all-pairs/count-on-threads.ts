import type { Worker } from 'node:worker_threads';
import { kernelModule } from './kernels.js';
import type { CountingMemory } from './memory.js';

/**
 * Words of the control area: blocks of columns that are taken, whether to stop at once, and whether to take no more of them.
 * Thread t's pairs so far: double 8 + t.
 */
const NEXT = 0;
const STOP = 1;
const CEASE = 2;
const PAIRS = 8;

/** Rows between two looks at whether to stop: a fifth of a second of 256 dimensions. */
const STRIDE = 16384;

/**
 * What each thread runs, as text so that no file need be found beside the bundle: takes blocks of columns, the last and
 * longest first, until none is left. Rows are in order of label, so all rows before the first that shares the block's
 * first label are negative with all of its columns.
 */
const THREAD = `
const { workerData } = require('node:worker_threads');
const { module, memory, rows, dimensions, x, labels, positives, carries, thread, index, columns } = workerData;
const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports;
const control = new Int32Array(memory.buffer, 0, 16);
const pairs = new Float64Array(memory.buffer, 0, 512);
const label = new Int32Array(memory.buffer, labels, rows);
const blocks = Math.ceil(rows / columns);
do {
  const block = blocks - 1 - Atomics.add(control, ${NEXT}, 1);
  if (block < 0) break;
  const j0 = block * columns;
  const n = Math.min(columns, rows - j0);
  kernels.pack(x, dimensions, j0, n, thread.packed);
  let first = j0;
  while (first > 0 && label[first - 1] === label[j0]) first--;
  first &= ~3;
  for (let i = 0; i < first; i += ${STRIDE}) {
    if (Atomics.load(control, ${STOP})) process.exit(0);
    const end = Math.min(first, i + ${STRIDE});
    kernels.countNegatives(x, dimensions, i, end, thread.packed, n, thread.low, carries, thread.lists, thread.tile);
    pairs[${PAIRS} + index] += (end - i) * n;
  }
  for (let i = first; i < j0 + n; i += ${STRIDE}) {
    if (Atomics.load(control, ${STOP})) process.exit(0);
    const end = Math.min(j0 + n, i + ${STRIDE});
    kernels.countLabeled(x, dimensions, labels, i, end, j0, thread.packed, n, thread.low, carries, positives, thread.tile);
    // All but those on or below the diagonal, which are counted from the diagonal's block itself.
    for (let r = i; r < end; r++) pairs[${PAIRS} + index] += r < j0 ? n : j0 + n - 1 - r;
  }
} while (Atomics.load(control, ${CEASE}) === 0);
kernels.countLists(thread.low, carries, thread.lists);`;

/** What is in the tables already. */
export interface Counted {
  /** Blocks of columns, from the last. */
  blocks: number;
  pairs: number;
}

/** How a long count is watched, kept and ended. */
export interface CountOptions {
  /** Told about four times a second. */
  onProgress?: (done: { pairs: number; total: number }) => void;
  /** Ends the count early; the promise is then rejected with the signal's reason. */
  signal?: AbortSignal;
  /**
   * Told from time to time what is counted so far, as safetensors of at most 670 MB: written down, and given as
   * `resumeFrom` to a later count of the same embeddings, nothing before it is counted again. The count waits for it.
   */
  onCheckpoint?: (state: Uint8Array) => void | Promise<void>;
  /** Seconds between two of them; the last blocks taken are counted to their end first, seconds of many rows. Default: 300. */
  checkpointEvery?: number;
}

/**
 * Counts every pair of the rows in the memory, on as many threads as it has places for.
 * @param counted Blocks of columns, from the last, whose pairs are in the tables already, and how many pairs that are.
 * @param checkpoint Told the same from time to time, while no thread counts.
 */
export async function countOnThreads(
  counting: CountingMemory,
  { onProgress, signal, checkpointEvery = 300 }: CountOptions,
  counted: Counted = { blocks: 0, pairs: 0 },
  checkpoint?: (counted: Counted) => void | Promise<void>,
): Promise<void> {
  signal?.throwIfAborted();
  const { memory, kernels, rows, threads } = counting;
  const control = new Int32Array(memory.buffer, 0, 16);
  const pairs = new Float64Array(memory.buffer, 0, 512).subarray(PAIRS, PAIRS + threads.length);
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
      // Each thread that finds no more blocks has passed the last.
      if (control[NEXT] < blocks) await checkpoint?.({ blocks: control[NEXT], pairs: done() });
    }
    if (done() !== total) throw new Error(`The threads counted ${done()} of ${total} pairs.`);
    onProgress?.({ pairs: total, total });
  } finally {
    clearInterval(timer);
    signal?.removeEventListener('abort', stop);
  }
}

/** Threads that take blocks until none is left, or they shall take no more. */
async function runThreads(counting: CountingMemory, stop: () => void): Promise<void> {
  const { memory, kernels, rows, dimensions, x, labels, positives, carries, threads } = counting;
  const { Worker } = process.getBuiltinModule('node:worker_threads');
  const module = kernelModule();
  const columns = kernels.COLUMNS.value;
  const shared = { module, memory, rows, dimensions, x, labels, positives, carries, columns };
  const ends = await Promise.allSettled(
    threads.map((thread, index) =>
      ended(
        new Worker(THREAD, {
          eval: true,
          name: `unitsphere-verification-${index}`,
          // They keep nothing; left to itself each takes 10 MB.
          resourceLimits: { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 16 },
          workerData: { ...shared, thread, index },
        }),
        stop,
      ),
    ),
  );
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}

/** The end of a thread; the others are stopped when it fails. */
function ended(worker: Worker, stopOthers: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.on('error', (error) => {
      stopOthers();
      reject(new Error(`A verification thread failed: ${error.message}`, { cause: error }));
    });
    worker.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`A verification thread ended by itself with code ${code}.`));
    });
  });
}
