/** pgvector's binary form: the number of values and a zero as int16, then the values as float32, all big-endian. */
const VECTOR_HEADER = 4;

/** Encodes embeddings as the binary form of a `vector[]`. @param vectorOid The type's number in the database. */
export function encodeVectors(embeddings: readonly Float32Array[], vectorOid: number): Buffer {
  const size = embeddings[0]?.length ?? 0;
  const itemBytes = VECTOR_HEADER + 4 * size;
  const out = Buffer.alloc(20 + embeddings.length * (4 + itemBytes));
  // One dimension, no nulls, the element's type, the length, the first index.
  [1, 0, vectorOid, embeddings.length, 1].forEach((value, i) => {
    out.writeInt32BE(value, 4 * i);
  });
  for (const [i, embedding] of embeddings.entries()) {
    const at = 20 + i * (4 + itemBytes);
    out.writeInt32BE(itemBytes, at);
    encodeVector(embedding).copy(out, at + 4);
  }
  return out;
}

/** Encodes an embedding as the binary form of a `vector`. */
export function encodeVector(embedding: Float32Array): Buffer {
  const out = Buffer.alloc(VECTOR_HEADER + 4 * embedding.length);
  out.writeInt16BE(embedding.length, 0);
  for (let i = 0; i < embedding.length; i++) out.writeFloatBE(embedding[i], VECTOR_HEADER + 4 * i);
  return out;
}

/** Decodes the results of `vector_send`, one after another, into rows of `out`. @returns Whether all have the right size. */
export function decodeVectors(bytes: Buffer, size: number, out: Float32Array): boolean {
  const itemBytes = VECTOR_HEADER + 4 * size;
  const count = out.length / size;
  if (bytes.length !== count * itemBytes) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let row = 0; row < count; row++) {
    const at = row * itemBytes;
    if (view.getInt16(at) !== size) return false;
    for (let i = 0; i < size; i++) out[row * size + i] = view.getFloat32(at + VECTOR_HEADER + 4 * i);
  }
  return true;
}
