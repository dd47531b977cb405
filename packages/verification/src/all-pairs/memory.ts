import { CONTROL_BYTES } from './control.js';
import type { Kernels } from './kernels.generated.js';
import { kernelsOn } from './kernels.js';
import { offset, type Pointer } from './pointer.js';

/** The score of cosine 1. Scores are integers; cosine −1 has score 0. */
export const LAST_SCORE = 2 ** 25;

/** Returns the cosine of an integer score, which is exact in float32. */
export function cosineOf(score: number): number {
  return score / 2 ** 24 - 1;
}

const CELLS = LAST_SCORE + 1;
/** Scores that are read from the tables at a time: most such stretches are empty and skipped. */
const STRETCH = 256;
const PADDED = LAST_SCORE + STRETCH;
const PAGE = 65536;
const LARGEST = 65536 * PAGE;

/** The memory that all threads share, and the addresses in it. */
export interface CountingMemory {
  memory: WebAssembly.Memory;
  kernels: Kernels;
  rows: number;
  dimensions: number;
  /** Unit rows, float32 [rows, dimensions], followed by up to three rows of zeros. */
  x: Pointer;
  /** Labels in ascending order, int32 [rows]. */
  labels: Pointer;
  /** Number of positive pairs of each score, uint32. */
  positives: Pointer;
  /** Number of negative pairs of each score beyond the threads' 16 bits, in units of 65,536, uint32. */
  carries: Pointer;
  threads: ThreadMemory[];
}

/** The addresses of one thread's own parts of the memory. */
export interface ThreadMemory {
  /** Number of negative pairs of each score that the thread has counted, uint16. */
  low: Pointer;
  /** Lists of scores that are still to be counted. */
  lists: Pointer;
  /** The packed block of columns. */
  packed: Pointer;
  /** A tile of scores. */
  tile: Pointer;
}

/**
 * Allocates the memory for `rows` rows and at most `threads` threads, or as many as fit. The operating system provides the
 * pages of the tables only when they are used.
 * @throws RangeError if the memory for one thread exceeds WebAssembly's 4 GiB.
 */
export function countingMemory(rows: number, dimensions: number, threads: number): CountingMemory {
  const padded = Math.ceil(rows / 4) * 4;
  let end = CONTROL_BYTES;
  const take = (bytes: number): Pointer => {
    const at = end;
    end += Math.ceil(bytes / 64) * 64;
    return at as Pointer;
  };
  const x = take(padded * dimensions * 4);
  const labels = take(padded * 4);
  const positives = take(PADDED * 4);
  const carries = take(PADDED * 4);
  const shared = end;
  // The kernels need a memory before they can report these sizes; they are compared below.
  const scratchBytes = 256 * dimensions * 4 + 128;
  const listBytes = 4096 + 513 * 16384 * 2;
  const perThread = PADDED * 2 + listBytes + Math.ceil(scratchBytes / 64) * 64;
  const fitting = Math.floor((LARGEST - shared) / perThread);
  if (fitting < 1) {
    throw new RangeError(
      `${rows} rows of ${dimensions} dimensions need ${((shared + perThread) / 2 ** 30).toFixed(1)} GiB of WebAssembly ` +
        'memory, which is limited to 4 GiB. Verify fewer rows or a subset of the identities.',
    );
  }
  const places = Array.from({ length: Math.min(threads, fitting) }, () => {
    const low = take(PADDED * 2);
    const lists = take(listBytes);
    const packed = take(scratchBytes);
    return { low, lists, packed, tile: offset(packed, scratchBytes - 128) };
  });
  const pages = Math.ceil(end / PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const kernels = kernelsOn(memory);
  if (kernels.scratchBytes(dimensions) !== scratchBytes || kernels.listBytes() !== listBytes) {
    throw new Error('The compiled kernels are of another version than this file. Rebuild the package.');
  }
  return { memory, kernels, rows, dimensions, x, labels, positives, carries, threads: places };
}

/** Calls `visit` for each score that has pairs, from the highest, with its number of positive and negative pairs. */
export function forEachScoreDescending(
  counting: CountingMemory,
  visit: (score: number, positive: number, negative: number) => void,
): void {
  const { memory, kernels } = counting;
  const positives = new Uint32Array(memory.buffer, counting.positives, CELLS);
  const carries = new Uint32Array(memory.buffer, counting.carries, CELLS);
  const lows = counting.threads.map(({ low }) => new Uint16Array(memory.buffer, low, CELLS));
  for (let from = CELLS - (CELLS % STRETCH); from >= 0; from -= STRETCH) {
    const isSet = (table: Pointer, cellBytes: number) =>
      kernels.anySet(offset(table, from * cellBytes), STRETCH * cellBytes);
    const isEmpty =
      !counting.threads.some(({ low }) => isSet(low, 2)) &&
      !isSet(counting.positives, 4) &&
      !isSet(counting.carries, 4);
    if (isEmpty) continue;
    for (let score = Math.min(LAST_SCORE, from + STRETCH - 1); score >= from; score--) {
      let negative = carries[score] * 65536;
      // An index instead of an iterator, because the loop visits up to 33 million scores.
      for (let thread = 0; thread < lows.length; thread++) negative += lows[thread][score];
      const positive = positives[score];
      if (positive > 0 || negative > 0) visit(score, positive, negative);
    }
  }
}

/** Returns a function that sets the number of pairs of a score, in tables that are still empty. */
export function countsSetter({ memory, positives, carries, threads }: CountingMemory) {
  const positive = new Uint32Array(memory.buffer, positives, CELLS);
  const carried = new Uint32Array(memory.buffer, carries, CELLS);
  const low = new Uint16Array(memory.buffer, threads[0].low, CELLS);
  return (score: number, positives: number, negatives: number): void => {
    positive[score] = positives;
    carried[score] = Math.floor(negatives / 65536);
    low[score] = negatives % 65536;
  };
}
