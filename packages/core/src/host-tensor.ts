import { halfToFloat } from './half.js';

/** Element types of safetensors files that are read and written, by their names there. */
export type HostDtype = 'F32' | 'F16' | 'BF16' | 'F64' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL';

/** Values in memory of the host, in PyTorch's layout. F16 and BF16 hold the raw 16-bit patterns; BOOL holds 0 and 1. */
export interface HostTensor {
  dtype: HostDtype;
  shape: number[];
  data:
    | Float32Array
    | Float64Array
    | Uint16Array
    | BigInt64Array
    | Int32Array
    | Int16Array
    | Int8Array
    | Uint8Array;
}

/** A state dict as PyTorch has it: names to values, in order. */
export type StateDict = Map<string, HostTensor>;

const views = {
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  F64: Float64Array,
  I64: BigInt64Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
} as const;

/** The typed array of a dtype, or undefined for a dtype that is not read. */
export function arrayTypeOf(dtype: string): (typeof views)[HostDtype] | undefined {
  return Object.hasOwn(views, dtype) ? views[dtype as HostDtype] : undefined;
}

/** The number of values of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/**
 * The values as float32, whatever floating-point or integer type they are stored in.
 * @returns The tensor's own array when it is float32 already.
 */
export function toFloat32({ dtype, data }: HostTensor): Float32Array {
  if (data instanceof Float32Array) return data;
  const out = new Float32Array(data.length);
  if (dtype === 'BF16') {
    const bits = new Uint32Array(out.buffer);
    for (let i = 0; i < data.length; i++) bits[i] = (data[i] as number) << 16;
  } else if (dtype === 'F16') {
    for (let i = 0; i < data.length; i++) out[i] = halfToFloat(data[i] as number);
  } else {
    for (let i = 0; i < data.length; i++) out[i] = Number(data[i]);
  }
  return out;
}
