import * as tf from '@tensorflow/tfjs-core';
import { registerFlag } from '../register-flag.js';

/**
 * TensorFlow.js flag for the build of the WebAssembly kernels with fused multiply-add. Default: on if the engine supports
 * relaxed SIMD. `tf.env().registerFlag(…, () => false)` before the first operation selects the other build.
 */
const FLAG = 'UNITSPHERE_RELAXED_SIMD';

/** A WebAssembly module with one f32x4.relaxed_madd of three constants: () → v128. */
const PROGRAM = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 19, 1, 17, 0, 65, 0, 253, 15, 65, 0,
  253, 15, 65, 0, 253, 15, 253, 133, 2, 11,
]);

/** Returns whether to use the kernels with fused multiply-add. */
export function useRelaxedSimd(): boolean {
  registerFlag(FLAG, hasRelaxedSimd);
  return tf.env().getBool(FLAG);
}

function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(PROGRAM) || (enableInNode20() && WebAssembly.validate(PROGRAM));
}

/** Enables relaxed SIMD in Node 20, whose V8 11.3 implements the final instructions behind a flag. */
function enableInNode20(): boolean {
  const node = (globalThis as { process?: NodeProcess }).process;
  if (!node?.versions?.v8?.startsWith('11.3.') || !node.getBuiltinModule) return false;
  node.getBuiltinModule('node:v8').setFlagsFromString('--experimental-wasm-relaxed-simd');
  return true;
}

interface NodeProcess {
  versions?: { v8?: string };
  getBuiltinModule?(name: 'node:v8'): { setFlagsFromString(flags: string): void };
}
