// What works on memory that threads share, beside TensorFlow.js's own.
export { adamW } from './optimizers';

/** out[n, bytes] of the pieces that begin at the addresses `begins`, uint32 [n]; bytes is a multiple of 4. */
export function gatherPieces(begins: usize, n: i32, bytes: usize, out: usize): void {
  const vector = bytes & ~15;
  for (let i = 0; i < n; i++) {
    const from = <usize>load<u32>(begins + (<usize>i << 2));
    let at: usize = 0;
    for (; at < vector; at += 16) v128.store(out + at, v128.load(from + at));
    for (; at < bytes; at += 4) store<u32>(out + at, load<u32>(from + at));
    out += bytes;
  }
}
