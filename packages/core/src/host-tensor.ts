import { halfToFloat } from './half.js';

/** Supported element types, by their names in safetensors files. */
export type HostDtype = 'F32' | 'F16' | 'BF16' | 'F64' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL';

/** Tensor in host memory, in PyTorch's layout. F16 and BF16 hold raw 16-bit patterns; BOOL holds 0 and 1. */
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

/** State dict as in PyTorch: ordered map from names to values. */
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

type ArrayType = (typeof views)[HostDtype];

/** Returns the typed array class of a dtype; undefined for an unsupported dtype. */
export function arrayTypeOf(dtype: HostDtype): ArrayType;
export function arrayTypeOf(dtype: string): ArrayType | undefined;
export function arrayTypeOf(dtype: string): ArrayType | undefined {
  return Object.hasOwn(views, dtype) ? views[dtype as HostDtype] : undefined;
}

/** Returns the number of values of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Converts the values of any dtype to float32. @returns The tensor's own array if it is float32 already. */
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

/** Thrown for weights that contain NaN or infinity. */
export class NonFiniteError extends Error {
  override name = 'NonFiniteError';
  /** Stable name of the error, for programs. */
  readonly code = 'NOT_FINITE';
}

/**
 * Checks that all values of a state dict are finite as float32, the dtype of parameters.
 * @param source Name of the file or source, for the message.
 * @throws NonFiniteError with the source, the tensor, and the position and value of its first non-finite value.
 */
export function checkFinite(state: StateDict, source: string): void {
  for (const [name, tensor] of state) {
    const at = findNonFinite(tensor);
    if (at < 0) continue;
    const value = toFloat32({ ...tensor, data: tensor.data.subarray(at, at + 1) as HostTensor['data'] })[0];
    const hint = tensor.dtype === 'F64' && Number.isFinite(tensor.data[at]) ? ' as float32' : '';
    throw new NonFiniteError(
      `Tensor "${name}" of ${source} has the value ${value}${hint} at index ${at}. Use weights whose values are all finite.`,
    );
  }
}

/** Returns the index of the first value that is not finite as float32; -1 if all are finite. */
function findNonFinite({ dtype, data }: HostTensor): number {
  // All bits of the exponent are set in infinity and NaN.
  const exponent = { F16: 0x7c00, BF16: 0x7f80 }[dtype as string];
  if (exponent !== undefined) {
    for (let i = 0; i < data.length; i++) if (((data[i] as number) & exponent) === exponent) return i;
  } else if (dtype === 'F32' || dtype === 'F64') {
    for (let i = 0; i < data.length; i++) if (!Number.isFinite(Math.fround(data[i] as number))) return i;
  }
  return -1;
}
