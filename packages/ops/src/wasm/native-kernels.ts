import type { Kernels } from './kernels.generated.js';

/** The part of `@unitsphere/native` that is used here. */
interface Native {
  bindKernels(memory: WebAssembly.Memory): Partial<Kernels> | undefined;
  nativeStatus(): { isa?: string; bfloat16: boolean };
}

let native: Native | null | undefined;

/**
 * Returns `@unitsphere/native`, or null in a browser and where it is not installed. It is required at run time, so that bundles
 * for browsers do not contain it.
 */
function loadNative(): Native | null {
  if (native !== undefined) return native;
  native = null;
  const builtin = globalThis.process?.getBuiltinModule?.('node:module');
  if (builtin) {
    try {
      // __filename exists only in CommonJS, import.meta.url only in ES modules.
      const require = builtin.createRequire(typeof __filename === 'string' ? __filename : import.meta.url);
      native = require('@unitsphere/native') as Native;
    } catch {
      // Optional: skipped silently when not installed.
    }
  }
  return native;
}

/** Returns the processor's own kernels on a memory, which replace WebAssembly kernels of the same names. */
export function nativeKernels(memory: WebAssembly.Memory): Partial<Kernels> {
  return loadNative()?.bindKernels(memory) ?? {};
}

/** Returns whether products with bfloat16 inputs use the processor's instructions on the WASM backend. */
export function hasNativeBfloat16(): boolean {
  return loadNative()?.nativeStatus().bfloat16 ?? false;
}
