/** Bytes of the control area at the start of the memory that all threads share. */
export const CONTROL_BYTES = 4096;

// Int32 words of the control area.

/** Index of the number of blocks of columns that threads have taken. */
export const NEXT = 0;
/** Index of the flag that makes all threads exit at once. */
export const STOP = 1;
/** Index of the flag that makes threads exit after the blocks that they have taken. */
export const CEASE = 2;

const WORDS = 16;
const PAIRS_BYTE = 64;

/** Returns the int32 words of the control area. */
export function controlWords({ buffer }: WebAssembly.Memory): Int32Array {
  return new Int32Array(buffer, 0, WORDS);
}

/** Returns how many pairs each of `threads` threads has counted; its owner alone writes a count. */
export function pairCounts({ buffer }: WebAssembly.Memory, threads: number): Float64Array {
  return new Float64Array(buffer, PAIRS_BYTE, threads);
}
