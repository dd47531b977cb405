import { readFileSync } from 'node:fs';
import type { HostTensor, StateDict } from '@unitsphere/core';
import { expect } from 'vitest';

/** Reads a file in test/files. */
export const testFile = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`./files/${name}`, import.meta.url)));

export const bytesOf = ({ data }: HostTensor): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** Expects bit-identical tensors, in any order of names. */
export function expectSame(actual: StateDict, expected: StateDict): void {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, tensor] of expected) {
    const { dtype, shape } = actual.get(name)!;
    expect({ dtype, shape }, name).toEqual({ dtype: tensor.dtype, shape: tensor.shape });
    // Much faster than toEqual.
    expect(Buffer.compare(bytesOf(actual.get(name)!), bytesOf(tensor)), name).toBe(0);
  }
}
