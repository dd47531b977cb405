import { type Kernels, relaxedSimdBytes, simdBytes } from './kernels.generated.js';
import {
  relaxedSimdBytes as sharedRelaxedSimdBytes,
  simdBytes as sharedSimdBytes,
} from './shared-kernels.generated.js';

/** Compiled kernels, for a memory of one thread or one that all threads share. */
export interface CompiledKernels {
  readonly module: WebAssembly.Module;
  readonly isShared: boolean;
  /** Whether int8 queries are 7-bit unsigned bytes instead of int16. */
  readonly isRelaxed: boolean;
}

const compiled = new Map<boolean, CompiledKernels>();

/** Compiles the kernels for this engine, with integer products of relaxed SIMD if it supports them. */
export function compileKernels(isShared: boolean): CompiledKernels {
  let kernels = compiled.get(isShared);
  if (!kernels) {
    const relaxed = decodeBase64(isShared ? sharedRelaxedSimdBytes : relaxedSimdBytes);
    enableInNode20();
    const isRelaxed = WebAssembly.validate(relaxed);
    const bytes = isRelaxed ? relaxed : decodeBase64(isShared ? sharedSimdBytes : simdBytes);
    kernels = { module: new WebAssembly.Module(bytes), isShared, isRelaxed };
    compiled.set(isShared, kernels);
  }
  return kernels;
}

/** Instantiates compiled kernels on a memory. */
export function kernelsOn(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

/** Enables relaxed SIMD in Node 20, whose V8 11.3 implements the final instructions behind a flag. */
function enableInNode20(): void {
  if (typeof process === 'undefined' || !process.versions?.v8?.startsWith('11.3.')) return;
  process.getBuiltinModule('node:v8').setFlagsFromString('--experimental-wasm-relaxed-simd');
}
