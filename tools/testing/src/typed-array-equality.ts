/** Setup of all tests: `toEqual` compares typed arrays by their bytes. Vitest lists their keys, which takes seconds for a large one. */
// Imported, because some tests remove the global one.
import { Buffer } from 'node:buffer';
import { expect } from 'vitest';

type TypedArray = Exclude<NodeJS.ArrayBufferView, DataView>;

const isTypedArray = (value: unknown): value is TypedArray =>
  ArrayBuffer.isView(value) && !(value instanceof DataView);

const bytesOf = ({ buffer, byteOffset, byteLength }: TypedArray) =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Returns undefined where vitest decides. As in vitest, 0 differs from -0, and every NaN equals another. */
function equalTypedArrays(a: unknown, b: unknown): boolean | undefined {
  if (!isTypedArray(a) || !isTypedArray(b) || a.constructor !== b.constructor) return undefined;
  if (a.length !== b.length) return false;
  if (Buffer.compare(bytesOf(a), bytesOf(b)) === 0) return true;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}

declare global {
  var comparesTypedArrays: boolean | undefined;
}

// Test files that share a process share its testers.
if (!globalThis.comparesTypedArrays) {
  globalThis.comparesTypedArrays = true;
  expect.addEqualityTesters([equalTypedArrays]);
}
