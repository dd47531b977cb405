import { probeCpu } from './cpu.js';
import { probeNative } from './native/native.js';
import type { BackendProbe } from './probe.js';
import { probeWasm } from './wasm.js';
import type { AdapterDescription } from './webgpu/adapter.js';
import { probeWebGpu } from './webgpu/webgpu.js';

/** Description of a backend on this machine. */
export interface BackendDescription {
  /** Name that {@link useBackend} accepts. */
  name: string;
  /** Whether {@link useBackend} can start it here. */
  available: boolean;
  /** Version of its npm package, if installed. */
  version?: string;
  /** What the backend is and runs on, in a few words. */
  detail: string;
  /** Graphics adapter; only for `webgpu`, if available. */
  adapter?: AdapterDescription;
  /** Why the backend is not available. */
  reason?: string;
  /** How to make it available, or what to use instead. */
  remedy?: string;
}

/** Details of the backends that are not available. */
export const BACKEND_DETAILS: Record<string, string> = {
  wasm: 'WebAssembly with 128-bit SIMD',
  cpu: 'plain JavaScript',
  webgpu: 'the GPU, in browsers and Node',
  node: "TensorFlow's own CPU library, in Node",
  cuda: "TensorFlow's own library on NVIDIA GPUs, in Node",
};

/**
 * Describes all backends of this version, fastest first, and why each can or cannot be used here.
 *
 * Imports the installed packages, which registers them with TensorFlow.js, but starts no backend.
 */
export async function describeBackends(): Promise<BackendDescription[]> {
  const webgpu = await probeWebGpu();
  return [
    describe('cuda', probeNative('cuda')),
    { ...describe('webgpu', webgpu), ...(webgpu.available && webgpu.module) },
    describe('wasm', await probeWasm()),
    describe('node', probeNative('node')),
    describe('cpu', await probeCpu()),
  ];
}

function describe(name: string, probe: BackendProbe<unknown>): BackendDescription {
  if (probe.available) {
    return { name, available: true, version: probe.version, detail: probe.detail };
  }
  return {
    name,
    available: false,
    detail: BACKEND_DETAILS[name],
    reason: probe.reason,
    remedy: probe.remedy,
  };
}
