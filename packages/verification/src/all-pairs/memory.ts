import { type Kernels, kernelsOn } from './kernels.js';

/** A score is an integer from 0 (cosine −1) to this (cosine 1). */
export const LAST_SCORE = 2 ** 25;

/** The cosine of an integer score; exact in 32 bits. */
export function cosineOf(score: number): number {
  return score / 2 ** 24 - 1;
}

const CELLS = LAST_SCORE + 1;
/** Scores that are looked at together when the tables are read: most stretches are empty, and passed over. */
const STRETCH = 2048;
const PADDED = LAST_SCORE + STRETCH;
const PAGE = 65536;
const LARGEST = 65536 * PAGE;

/** Bytes of the control words at the start of the memory. */
export const CONTROL_BYTES = 4096;

/** Where everything lies in the memory that all threads share. */
export interface CountingMemory {
  memory: WebAssembly.Memory;
  kernels: Kernels;
  rows: number;
  dimensions: number;
  /** N×D unit rows, and up to three rows of zeros. */
  x: number;
  /** N ascending labels. */
  labels: number;
  /** Positive pairs by score, 32 bits each. */
  positives: number;
  /** Negative pairs by score beyond 16 bits, 32 bits each, in 65,536s. */
  carries: number;
  /** For each thread: its negative pairs by score, 16 bits each; its lists of scores to be counted; its packed columns; its tile. */
  threads: { low: number; lists: number; packed: number; tile: number }[];
}

/**
 * A memory for so many rows and as many of the threads as it has room for; tables take no memory before they are used.
 * @throws RangeError when it would be more than WebAssembly's 4 GiB with one thread.
 */
export function countingMemory(rows: number, dimensions: number, threads: number): CountingMemory {
  const padded = Math.ceil(rows / 4) * 4;
  let end = CONTROL_BYTES;
  const take = (bytes: number): number => {
    const at = end;
    end += Math.ceil(bytes / 64) * 64;
    return at;
  };
  const x = take(padded * dimensions * 4);
  const labels = take(padded * 4);
  const positives = take(PADDED * 4);
  const carries = take(PADDED * 4);
  const shared = end;
  // As scratchBytes and listBytes of the kernels, which have no memory yet, say; checked below.
  const scratch = 256 * dimensions * 4 + 128;
  const listBytes = 4096 + 513 * 16384 * 2;
  const perThread = PADDED * 2 + listBytes + Math.ceil(scratch / 64) * 64;
  const fitting = Math.floor((LARGEST - shared) / perThread);
  if (fitting < 1) {
    throw new RangeError(
      `${rows} rows of ${dimensions} dimensions need ${((shared + perThread) / 2 ** 30).toFixed(1)} GiB of WebAssembly's ` +
        'memory, which has at most 4. Verify fewer rows, or a part of the identities.',
    );
  }
  const places = Array.from({ length: Math.min(threads, fitting) }, () => {
    const low = take(PADDED * 2);
    const lists = take(listBytes);
    const packed = take(scratch);
    return { low, lists, packed, tile: packed + scratch - 128 };
  });
  const pages = Math.ceil(end / PAGE);
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const kernels = kernelsOn(memory);
  if (kernels.scratchBytes(dimensions) !== scratch || kernels.listBytes() !== listBytes) {
    throw new Error('The compiled kernels are not of this version. Build the package anew.');
  }
  return { memory, kernels, rows, dimensions, x, labels, positives, carries, threads: places };
}

/** Positive and negative pairs with each score, from the highest: for scores that have any. */
export function forEachScoreDescending(
  counting: CountingMemory,
  visit: (score: number, positive: number, negative: number) => void,
): void {
  const { memory, kernels } = counting;
  const positives = new Uint32Array(memory.buffer, counting.positives, CELLS);
  const carries = new Uint32Array(memory.buffer, counting.carries, CELLS);
  const lows = counting.threads.map(({ low }) => new Uint16Array(memory.buffer, low, CELLS));
  for (let from = CELLS - (CELLS % STRETCH); from >= 0; from -= STRETCH) {
    const isSet = (table: number, cellBytes: number) =>
      kernels.anySet(table + from * cellBytes, STRETCH * cellBytes);
    if (
      !counting.threads.some(({ low }) => isSet(low, 2)) &&
      !isSet(counting.positives, 4) &&
      !isSet(counting.carries, 4)
    )
      continue;
    for (let score = Math.min(LAST_SCORE, from + STRETCH - 1); score >= from; score--) {
      let negative = carries[score] * 65536;
      for (const low of lows) negative += low[score];
      const positive = positives[score];
      if (positive > 0 || negative > 0) visit(score, positive, negative);
    }
  }
}

/** Sets how many pairs have a score, in tables in which none is counted yet. */
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
