import { readSafetensors, writeSafetensors } from '@unitsphere/core';

const value = new Float32Array(1);
const bits = new Uint32Array(value.buffer);

/**
 * Rounds the float32 tensors of a safetensors file to float16: to nearest, ties to even.
 * @throws RangeError for a value that float16 cannot hold.
 */
export function toHalfWeights(bytes) {
  const { tensors, metadata } = readSafetensors(bytes);
  for (const [name, { dtype, shape, data }] of tensors) {
    if (dtype !== 'F32') continue;
    tensors.set(name, { dtype: 'F16', shape, data: Uint16Array.from(data, (x) => toHalf(x, name)) });
  }
  return writeSafetensors(tensors, metadata);
}

function toHalf(x, name) {
  value[0] = x;
  const sign = (bits[0] >>> 16) & 0x8000;
  const size = bits[0] & 0x7fffffff;
  if (size >= 0x477ff000) throw new RangeError(`${name} has the value ${x}, which float16 cannot hold.`);
  if (size >= 0x38800000) return sign | ((size + 0xfff + ((size >>> 13) & 1) - 0x38000000) >>> 13);
  // Below 2^-14 the last place is 2^-24, which is also the last place of 0.5 in float32: the addition rounds.
  value[0] = Math.abs(value[0]) + 0.5;
  return sign | (bits[0] - 0x3f000000);
}
