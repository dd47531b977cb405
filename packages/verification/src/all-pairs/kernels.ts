import { relaxedSimdBytes, simdBytes } from './kernels.generated.js';

/** The compiled functions of assembly/all-pairs.ts; addresses are bytes in the memory they are given. */
export interface Kernels {
  COLUMNS: { value: number };
  scratchBytes(d: number): number;
  listBytes(): number;
  pack(x: number, d: number, j0: number, n: number, out: number): void;
  countNegatives(...args: number[]): void;
  countLabeled(...args: number[]): void;
  countLists(low: number, carries: number, lists: number): void;
  anySet(at: number, bytes: number): number;
  scorePairs(x: number, d: number, a: number, b: number, count: number, out: number): void;
}

let compiled: { module: WebAssembly.Module; relaxed: boolean } | undefined;

/** The kernels for this engine, with fused multiply-add where it has relaxed SIMD. */
export function kernelModule(): WebAssembly.Module {
  return compile().module;
}

/** Whether the kernels multiply and add without rounding in between. */
export function usesRelaxedSimd(): boolean {
  return compile().relaxed;
}

function compile() {
  if (!compiled) {
    const bytes = decodeBase64(relaxedSimdBytes);
    switchOnInNode20();
    const relaxed = WebAssembly.validate(bytes);
    compiled = { module: new WebAssembly.Module(relaxed ? bytes : decodeBase64(simdBytes)), relaxed };
  }
  return compiled;
}

/** The kernels on a memory. */
export function kernelsOn(memory: WebAssembly.Memory): Kernels {
  return new WebAssembly.Instance(kernelModule(), { env: { memory } }).exports as unknown as Kernels;
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

/** V8 11.3, that of Node 20, has relaxed SIMD in its final form behind a switch; later versions have it on. */
function switchOnInNode20(): void {
  if (typeof process === 'undefined' || !process.versions?.v8?.startsWith('11.3.')) return;
  process.getBuiltinModule('node:v8').setFlagsFromString('--experimental-wasm-relaxed-simd');
}
