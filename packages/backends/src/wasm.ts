import * as tf from '@tensorflow/tfjs-core';
import type { BackendProbe } from './probe.js';
import { probePackage } from './probe.js';

/** Where the `.wasm` files lie: a folder's address, or an address for each file. Only browsers need it. */
export type WasmPaths = string | Record<string, string>;

/** The smallest WebAssembly program with a SIMD instruction (from GoogleChromeLabs/wasm-feature-detect). */
const SIMD_PROGRAM = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98,
  11,
]);

interface WasmPackage {
  version_wasm: string;
  setWasmPaths(paths: WasmPaths): void;
}

/** Imports the package, which registers the backend, and says whether it can start here. */
export async function probeWasm(): Promise<BackendProbe<WasmPackage>> {
  if (typeof WebAssembly === 'undefined' || !WebAssembly.validate(SIMD_PROGRAM)) {
    return {
      available: false,
      reason: 'this JavaScript engine runs no WebAssembly with 128-bit SIMD.',
      remedy: 'Use the backend "cpu", or a newer browser or Node (20.19 or later).',
    };
  }
  return probePackage('wasm', '@tensorflow/tfjs-backend-wasm', async () => {
    const module = (await import('@tensorflow/tfjs-backend-wasm')) as unknown as WasmPackage;
    return { module, version: module.version_wasm, detail: 'WebAssembly with 128-bit SIMD, one thread' };
  });
}

/**
 * Makes the backend take its build of one thread; a backend that has already started keeps the one it has. In a page that is
 * cross-origin isolated it would take the one with threads, whose memory our kernels cannot use.
 */
export function useOneThread(): void {
  if (tf.engine().registry['wasm'] === undefined) tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
}

/** Tells the backend where its files are; a backend that has already started keeps the ones it has. */
export function setPaths(module: WasmPackage, paths: WasmPaths): void {
  if (tf.engine().registry['wasm'] === undefined) module.setWasmPaths(paths);
}
