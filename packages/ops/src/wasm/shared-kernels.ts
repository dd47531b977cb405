import { decodeBase64 } from './base64.js';
import { simdBytes } from './shared-kernels.generated.js';

/** What assembly/shared.ts exports; pointers are byte addresses. */
export interface SharedKernels {
  /** See assembly/optimizers.ts. */
  adamW(...args: number[]): void;
  gatherPieces(begins: number, count: number, bytes: number, out: number): void;
}

let compiled: WebAssembly.Module | undefined;

/** The kernels on a memory that threads share. */
export function sharedKernels(memory: WebAssembly.Memory): SharedKernels {
  compiled ??= new WebAssembly.Module(decodeBase64(simdBytes) as BufferSource);
  return new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as SharedKernels;
}
