// Entry module of a worker thread. The build inlines it as counting-thread.generated.ts; other modules import its types alone.
import { workerData } from 'node:worker_threads';
import { CEASE, controlWords, NEXT, pairCounts, STOP } from './control.js';
import type { Kernels } from './kernels.generated.js';
import type { CountingMemory, ThreadMemory } from './memory.js';

/** `workerData` of a counting thread. */
export interface CountingThreadData
  extends Pick<CountingMemory, 'memory' | 'rows' | 'dimensions' | 'x' | 'labels' | 'positives' | 'carries'> {
  /** The compiled kernels. */
  module: WebAssembly.Module;
  /** Columns of a block. */
  columns: number;
  /** This thread's own part of the memory. */
  thread: ThreadMemory;
  /** This thread's number, from 0. */
  index: number;
}

/** Rows between two checks of whether to stop: at 256 dimensions about 0.2 seconds. */
const STRIDE = 16384;

const data: CountingThreadData = workerData;
const { memory, rows, dimensions, x, labels, positives, carries, columns, index } = data;
const { low, lists, packed, tile } = data.thread;
const kernels = new WebAssembly.Instance(data.module, { env: { memory } }).exports as unknown as Kernels;
const control = controlWords(memory);
const pairs = pairCounts(memory, index + 1);
const labelOf = new Int32Array(memory.buffer, labels, rows);

countBlocks();

/** Counts blocks of columns, the last and longest first, until none is left or no more are to be taken. */
function countBlocks(): void {
  const blocks = Math.ceil(rows / columns);
  do {
    const block = blocks - 1 - Atomics.add(control, NEXT, 1);
    if (block < 0) break;
    countBlock(block * columns);
  } while (Atomics.load(control, CEASE) === 0);
  kernels.countLists(low, carries, lists);
}

/** Counts the pairs of the block of columns from j0 on with all rows before them. */
function countBlock(j0: number): void {
  const n = Math.min(columns, rows - j0);
  kernels.pack(x, dimensions, j0, n, packed);
  // Rows are sorted by label: all rows before the first with the block's first label are negative with all its columns.
  let first = j0;
  while (first > 0 && labelOf[first - 1] === labelOf[j0]) first--;
  first &= ~3;
  for (let i = 0; i < first; i += STRIDE) {
    if (Atomics.load(control, STOP)) process.exit(0);
    const end = Math.min(first, i + STRIDE);
    kernels.countNegatives(x, dimensions, i, end, packed, n, low, carries, lists, tile);
    pairs[index] += (end - i) * n;
  }
  for (let i = first; i < j0 + n; i += STRIDE) {
    if (Atomics.load(control, STOP)) process.exit(0);
    const end = Math.min(j0 + n, i + STRIDE);
    kernels.countLabeled(x, dimensions, labels, i, end, j0, packed, n, low, carries, positives, tile);
    // In the block on the diagonal, row r has only the columns behind it.
    for (let r = i; r < end; r++) pairs[index] += r < j0 ? n : j0 + n - 1 - r;
  }
}
