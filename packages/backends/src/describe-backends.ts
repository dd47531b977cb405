import { probeCpu } from './cpu.js';
import { probeNative } from './native/native.js';
import type { BackendProbe } from './probe.js';
import { probeWasm } from './wasm.js';
import type { AdapterDescription } from './webgpu/adapter.js';
import { probeWebGpu } from './webgpu/webgpu.js';

/** One backend, as it stands on this machine. */
export interface BackendDescription {
  /** Its name, as {@link useBackend} takes it. */
  name: string;
  /** Whether {@link useBackend} can start it here. */
  available: boolean;
  /** The version of its npm package, where that is installed. */
  version?: string;
  /** What it is, a few words. */
  detail: string;
  /** The graphics adapter, of `webgpu` where that is available. */
  adapter?: AdapterDescription;
  /** Why it is not available. */
  reason?: string;
  /** What would make it available, or what to use in its place. */
  remedy?: string;
}

/** What each backend is, in words, for those that could not be asked. */
export const BACKEND_DETAILS: Record<string, string> = {
  wasm: 'WebAssembly with 128-bit SIMD',
  cpu: 'plain JavaScript',
  webgpu: 'the GPU, in browsers and Node',
  node: "TensorFlow's own CPU library, in Node",
  cuda: "TensorFlow's own library on NVIDIA GPUs, in Node",
};

/**
 * Every backend that this version knows of, the fastest first, and why each can or cannot be used here.
 *
 * Imports the packages that are installed, which registers them with TensorFlow.js, and starts none.
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
