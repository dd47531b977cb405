// Kernels for memory that threads share, apart from the TensorFlow.js backend's own memory.
export { adamW } from './optimizers';

/** Copies n pieces one behind another to out. `begins`, uint32 [n], has their addresses; pieceBytes is a multiple of 4. */
export function gatherPieces(begins: usize, n: i32, pieceBytes: i32, out: usize): void {
  const bytes = <usize>pieceBytes;
  const vector = bytes & ~15;
  for (let i = 0; i < n; i++) {
    const from = <usize>load<u32>(begins + (<usize>i << 2));
    let at: usize = 0;
    for (; at < vector; at += 16) v128.store(out + at, v128.load(from + at));
    for (; at < bytes; at += 4) store<u32>(out + at, load<u32>(from + at));
    out += bytes;
  }
}
