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

/** What a rank calls, as the others see it. */
export interface Call {
  operation: (typeof OPERATIONS)[number];
  dtype: Dtype;
  length: number;
  root?: number;
  op?: ReduceOp;
  counts?: readonly number[];
}

/** A view of a dtype on a buffer. */
export function viewOf(dtype: Dtype, buffer: ArrayBufferLike, byteOffset: number, length: number) {
  // The types of views of shared memory and of others differ in name alone.
  return new CONSTRUCTORS[dtype](buffer as ArrayBuffer, byteOffset, length) as NumericArray;
}

/** A new array of a dtype. */
export function arrayOf<T extends NumericArray>(dtype: Dtype, length: number): T {
  return new CONSTRUCTORS[dtype](length) as unknown as T;
}

/** @throws TypeError for an array that cannot be sent. */
export function dtypeOf(data: NumericArray, operation: string): Dtype {
  for (const dtype of DTYPES) if (data instanceof CONSTRUCTORS[dtype]) return dtype;
  throw new TypeError(`${operation}: the data must be a ${DTYPES.join(', ')} typed array.`);
}

// Words of a header; the length takes two, as 2³² · high + low.
const [OPERATION, DTYPE, ROOT, OP, LOW, HIGH, COUNTS] = [0, 1, 2, 3, 4, 5, 6];

/** Writes down a call for the other ranks. */
export function writeCall(call: Call, header: Int32Array): void {
  header[OPERATION] = OPERATIONS.indexOf(call.operation);
  header[DTYPE] = DTYPES.indexOf(call.dtype);
  header[ROOT] = call.root ?? 0;
  header[OP] = call.op ? REDUCE_OPS.indexOf(call.op) : 0;
  header[LOW] = call.length | 0;
  header[HIGH] = Math.floor(call.length / 2 ** 32);
  header[COUNTS] = (call.counts ?? []).reduce((hash, count) => (Math.imul(hash, 31) + count) | 0, 0);
}

/** The length a rank came with. */
export function lengthOf(header: Int32Array): number {
  return header[HIGH] * 2 ** 32 + (header[LOW] >>> 0);
}

/** Why the ranks' calls do not fit together; undefined where they do. The same text on every rank. */
export function mismatch(headers: readonly Int32Array[]): string | undefined {
  const [first] = headers as [Int32Array];
  // Arrays that are gathered may differ in length.
  const lengthsMayDiffer = ['allGather', 'gather'].includes(OPERATIONS[first[OPERATION]]);
  const fits = (header: Int32Array) => {
    for (let word = 0; word < HEADER_WORDS; word++) {
      if (lengthsMayDiffer && (word === LOW || word === HIGH)) continue;
      if (header[word] !== first[word]) return false;
    }
    return true;
  };
  if (headers.every(fits)) return undefined;
  const calls = headers.map((header, rank) => `rank ${rank} called ${describe(header)}`);
  const countsAlone = new Set(calls.map((call) => call.replace(/^rank \d+/, ''))).size === 1;
  return `the ranks of a group did not make the same call: ${calls.join('; ')}${countsAlone ? ', with other counts' : ''}`;
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
