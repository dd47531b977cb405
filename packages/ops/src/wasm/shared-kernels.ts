import { decodeBase64 } from './base64.js';
import { type Kernels, simdBytes } from './shared-kernels.generated.js';

export type { Kernels as SharedKernels };

let compiled: WebAssembly.Module | undefined;

/** Instantiates the kernels of assembly/shared.ts on a memory that threads share. */
export function sharedKernels(memory: WebAssembly.Memory): Kernels {
  compiled ??= new WebAssembly.Module(decodeBase64(simdBytes));
  return new WebAssembly.Instance(compiled, { env: { memory } }).exports as unknown as Kernels;
}
