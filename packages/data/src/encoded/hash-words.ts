/** Returns the first 192 bits of a SHA-256 as the key of a `RowStore`. */
export function hashWords(hash: Uint8Array): Uint32Array {
  const words = new Uint32Array(6);
  new Uint8Array(words.buffer).set(hash.subarray(0, 24));
  return words;
}
