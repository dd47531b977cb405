import * as tf from '@tensorflow/tfjs-core';
import { hostKernels, type WasmBackend } from './heap.js';
import type { Pointer } from './pointer.js';

/**
 * Defines functions in WebAssembly that run on the memory of the `wasm` backend.
 * @param bytes The module, in base64.
 * @returns Returns the functions for views of that memory, or undefined if a view is of other memory or the engine lacks SIMD.
 */
export function defineWasm<T extends object>(bytes: string): (...views: Float32Array[]) => T | undefined {
  const instances = new WeakMap<WebAssembly.Memory, T>();
  let module: WebAssembly.Module | undefined;
  return (...views) => {
    const memory = hostKernels.useWasm ? backendMemory() : undefined;
    const buffer = memory?.buffer;
    if (!memory || !(buffer instanceof ArrayBuffer) || !views.every((view) => view.buffer === buffer)) {
      return undefined;
    }
    let functions = instances.get(memory);
    if (!functions) {
      module ??= compile(bytes);
      if (!module) return undefined;
      functions = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as T;
      instances.set(memory, functions);
    }
    return functions;
  };
}

/** The address that stands for an operand that is absent. */
export const NULL_POINTER = 0 as Pointer;

/** Returns the address of a value of a view of the backend's memory. */
export function addressOf(view: Float32Array, index = 0): Pointer {
  return (view.byteOffset + 4 * index) as Pointer;
}

function backendMemory(): WebAssembly.Memory | undefined {
  return tf.getBackend() === 'wasm' ? (tf.backend() as WasmBackend).wasm?.asm?.memory : undefined;
}

function compile(base64: string): WebAssembly.Module | undefined {
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  return WebAssembly.validate(bytes) ? new WebAssembly.Module(bytes) : undefined;
}
