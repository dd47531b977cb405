import { type Kernels, relaxedSimdBytes, simdBytes } from './kernels.generated.js';

let compiled: { module: WebAssembly.Module; isRelaxed: boolean } | undefined;

/** Returns the compiled kernels for this engine, with fused multiply-add if it supports relaxed SIMD. */
export function kernelModule(): WebAssembly.Module {
  return compile().module;
}

/** Returns whether the kernels multiply and add with a single rounding. */
export function usesRelaxedSimd(): boolean {
  return compile().isRelaxed;
}

function compile() {
  if (!compiled) {
    const bytes = decodeBase64(relaxedSimdBytes);
    enableInNode20();
    const isRelaxed = WebAssembly.validate(bytes);
    compiled = { module: new WebAssembly.Module(isRelaxed ? bytes : decodeBase64(simdBytes)), isRelaxed };
  }
  return compiled;
}

/** Instantiates the kernels on a memory. */
export function kernelsOn(memory: WebAssembly.Memory): Kernels {
  return new WebAssembly.Instance(kernelModule(), { env: { memory } }).exports as unknown as Kernels;
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

/** Enables relaxed SIMD in Node 20, whose V8 11.3 implements the final instructions behind a flag. */
function enableInNode20(): void {
  if (typeof process === 'undefined' || !process.versions?.v8?.startsWith('11.3.')) return;
  process.getBuiltinModule('node:v8').setFlagsFromString('--experimental-wasm-relaxed-simd');
}
