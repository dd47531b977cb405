import type { NumericArray, ReduceOp } from './communicator.js';
import { HEADER_WORDS } from './rendezvous.js';

const OPERATIONS = ['barrier', 'broadcast', 'allReduce', 'allGather', 'gather', 'reduceScatter'] as const;
const DTYPES = ['float32', 'float64', 'int32', 'uint8'] as const;
const REDUCE_OPS: readonly ReduceOp[] = ['sum', 'mean', 'max'];
const CONSTRUCTORS = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint8: Uint8Array,
} as const;

export type Dtype = (typeof DTYPES)[number];

/** Call of a rank, as the other ranks see it. */
export interface Call {
  operation: (typeof OPERATIONS)[number];
  dtype: Dtype;
  length: number;
  root?: number;
  op?: ReduceOp;
  counts?: readonly number[];
}

/** Returns a view of a buffer. */
export function viewOf(dtype: Dtype, buffer: ArrayBufferLike, byteOffset: number, length: number) {
  // TypeScript distinguishes views of shared memory from others; the constructors do not.
  return new CONSTRUCTORS[dtype](buffer as ArrayBuffer, byteOffset, length) as NumericArray;
}

/** Returns a new array of zeros. */
export function arrayOf<T extends NumericArray>(dtype: Dtype, length: number): T {
  return new CONSTRUCTORS[dtype](length) as unknown as T;
}

/** Returns the dtype of an array. @throws TypeError if the array cannot be exchanged. */
export function dtypeOf(data: NumericArray, operation: string): Dtype {
  for (const dtype of DTYPES) if (data instanceof CONSTRUCTORS[dtype]) return dtype;
  throw new TypeError(`${operation}: the data must be a ${DTYPES.join(', ')} typed array.`);
}

/** Returns the call of an operation on an array. @throws TypeError if the array cannot be exchanged. */
export function describeCall(
  operation: Call['operation'],
  data: NumericArray,
  options: Pick<Call, 'root' | 'op' | 'counts'>,
): Call {
  return { operation, dtype: dtypeOf(data, operation), length: data.length, ...options };
}

// Words of a header. The length is 2³² · HIGH + LOW. COUNTS is a hash.
const [OPERATION, DTYPE, ROOT, OP, LOW, HIGH, COUNTS] = [0, 1, 2, 3, 4, 5, 6];

/** Writes a call into this rank's header. */
export function writeCall(call: Call, header: Int32Array): void {
  header[OPERATION] = OPERATIONS.indexOf(call.operation);
  header[DTYPE] = DTYPES.indexOf(call.dtype);
  header[ROOT] = call.root ?? 0;
  header[OP] = call.op ? REDUCE_OPS.indexOf(call.op) : 0;
  header[LOW] = call.length | 0;
  header[HIGH] = Math.floor(call.length / 2 ** 32);
  header[COUNTS] = (call.counts ?? []).reduce((hash, count) => (Math.imul(hash, 31) + count) | 0, 0);
}

/** Returns the length of a rank's array. */
export function lengthOf(header: Int32Array): number {
  return header[HIGH] * 2 ** 32 + (header[LOW] >>> 0);
}

/** Returns how the calls of the ranks differ, the same text on every rank; undefined if they agree. */
export function mismatch(headers: readonly Int32Array[]): string | undefined {
  const [first] = headers;
  // Gathered arrays may differ in length.
  const lengthsMayDiffer = ['allGather', 'gather'].includes(OPERATIONS[first[OPERATION]]);
  const agrees = (header: Int32Array) => {
    for (let word = 0; word < HEADER_WORDS; word++) {
      if (lengthsMayDiffer && (word === LOW || word === HIGH)) continue;
      if (header[word] !== first[word]) return false;
    }
    return true;
  };
  if (headers.every(agrees)) return undefined;
  const calls = headers.map((header, rank) => `rank ${rank} called ${describe(header)}`);
  const differInCounts = new Set(calls.map((call) => call.replace(/^rank \d+/, ''))).size === 1;
  return `the ranks of a group made different calls: ${calls.join('; ')}${differInCounts ? ', with different counts' : ''}`;
}

function describe(header: Int32Array): string {
  const operation = OPERATIONS[header[OPERATION]];
  if (operation === 'barrier') return 'barrier()';
  const values = `${lengthOf(header)} ${DTYPES[header[DTYPE]]} values`;
  if (operation === 'broadcast' || operation === 'gather') {
    return `${operation}(${values}, root ${header[ROOT]})`;
  }
  return operation === 'allReduce'
    ? `allReduce(${values}, ${REDUCE_OPS[header[OP]]})`
    : `${operation}(${values})`;
}
