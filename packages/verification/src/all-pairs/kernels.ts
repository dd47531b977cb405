import { relaxedSimdBytes, simdBytes } from './kernels.generated';

/** The compiled functions of assembly/all-pairs.ts; addresses are bytes in the memory they are given. */
export interface Kernels {
  COLUMNS: { value: number };
  scratchBytes(d: number): number;
  listBytes(): number;
  pack(x: number, d: number, j0: number, n: number, out: number): void;
  countNegatives(...args: number[]): void;
  countLabelled(...args: number[]): void;
  countLists(low: number, carries: number, lists: number): void;
  anySet(at: number, bytes: number): number;
  scorePairs(x: number, d: number, a: number, b: number, count: number, out: number): void;
}

let compiled: WebAssembly.Module | undefined;

/** The kernels for this engine, with fused multiply-add where it has relaxed SIMD. */
export function kernelModule(): WebAssembly.Module {
  if (!compiled) {
    const relaxed = decodeBase64(relaxedSimdBytes);
    switchOnInNode20();
    compiled = new WebAssembly.Module(WebAssembly.validate(relaxed) ? relaxed : decodeBase64(simdBytes));
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
