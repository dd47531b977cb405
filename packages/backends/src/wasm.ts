import * as tf from '@tensorflow/tfjs-core';
import type { BackendProbe } from './probe.js';
import { probePackage } from './probe.js';

/** URL of the folder of the `.wasm` files, or a URL for each file. Only browsers require it. */
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

/** Imports the package, which registers the backend with TensorFlow.js, and returns whether it can start here. */
export async function probeWasm(): Promise<BackendProbe<WasmPackage>> {
  if (typeof WebAssembly === 'undefined' || !WebAssembly.validate(SIMD_PROGRAM)) {
    return {
      available: false,
      reason: 'this JavaScript engine does not support WebAssembly with 128-bit SIMD.',
      remedy: 'Use the backend "cpu", or a newer browser or Node (20.19 or later).',
    };
  }
  return probePackage<WasmPackage>('wasm', '@tensorflow/tfjs-backend-wasm', async () => {
    try {
      const module = (await import('@tensorflow/tfjs-backend-wasm')) as unknown as WasmPackage;
      return { module, version: module.version_wasm, detail: 'WebAssembly with 128-bit SIMD, one thread' };
    } catch (cause) {
      return { cause };
    }
  });
}

/**
 * Selects the single-threaded build; ignored once the backend has started. In a cross-origin isolated page the backend
 * would select its multithreaded build, whose memory our kernels cannot use.
 */
export function useOneThread(): void {
  if (tf.engine().registry['wasm'] === undefined) tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
}

const ERROR_EVENTS = ['uncaughtException', 'unhandledRejection'] as const;

/**
 * Starts the backend, and removes the listeners with which it throws uncaught errors again: Node would print their line of the
 * package's source above the error.
 */
export async function keepNodesErrors<Result>(start: () => Promise<Result>): Promise<Result> {
  if (typeof process === 'undefined' || typeof process.listeners !== 'function') return start();
  const before = ERROR_EVENTS.map((event) => new Set<unknown>(process.listeners(event as 'exit')));
  try {
    return await start();
  } finally {
    for (const [k, event] of ERROR_EVENTS.entries()) {
      for (const listener of process.listeners(event as 'exit')) {
        if (!before[k].has(listener) && isFromEmscripten(listener)) process.off(event, listener);
      }
    }
  }
}

/** Recognizes the two listeners by their text, so that listeners of others that are added meanwhile stay. */
function isFromEmscripten(listener: unknown): boolean {
  return /ExitStatus|^function \(reason\) ?{ ?throw reason;/.test(String(listener));
}

/** Sets the location of the backend's files; ignored once the backend has started. */
export function setPaths(module: WasmPackage, paths: WasmPaths): void {
  if (tf.engine().registry['wasm'] === undefined) module.setWasmPaths(paths);
}
