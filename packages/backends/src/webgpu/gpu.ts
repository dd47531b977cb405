/** The part of WebGPU that is required to start a backend. */
export interface Gpu {
  requestAdapter(options?: { powerPreference?: string }): Promise<GpuAdapter | null>;
}

export interface GpuAdapterInfo {
  vendor: string;
  architecture: string;
  device: string;
  description: string;
  isFallbackAdapter?: boolean;
}

export interface GpuAdapter {
  features: ReadonlySet<string>;
  limits: { readonly [name: string]: number };
  info: GpuAdapterInfo;
  requestDevice(descriptor: {
    requiredFeatures: string[];
    requiredLimits: { [name: string]: number };
  }): Promise<GpuDevice>;
}

export interface GpuDevice extends EventTarget {
  lost: Promise<{ reason: string; message: string }>;
}

/** Reason why WebGPU is not available. */
export interface Missing {
  reason: string;
  remedy: string;
  cause?: unknown;
}

const PACKAGE: string = 'webgpu';

/** Finds `navigator.gpu`, or starts Dawn (npm `webgpu`) in Node. */
export async function findGpu(): Promise<Gpu | Missing> {
  const own = (globalThis as { navigator?: { gpu?: Gpu } }).navigator?.gpu;
  if (own) return own;
  if (typeof process === 'undefined' || !process.versions?.node) {
    return {
      reason: 'this browser has no WebGPU, or the page is not served over https.',
      remedy: 'Use the backend "wasm", or a newer browser.',
    };
  }
  try {
    return await startDawn();
  } catch (cause) {
    const { code, message = String(cause) } = cause as { code?: string; message?: string };
    if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') {
      return {
        reason: `the package ${PACKAGE} is not installed.`,
        remedy: `Install it: npm install ${PACKAGE} @tensorflow/tfjs-backend-webgpu@4.22.0`,
        cause,
      };
    }
    return {
      reason: `the package ${PACKAGE} failed to load (${message.split('\n')[0]}).`,
      remedy: `Reinstall it: npm install ${PACKAGE}`,
      cause,
    };
  }
}

/** Loads Dawn and defines WebGPU's globals, which TensorFlow.js requires. */
async function startDawn(): Promise<Gpu> {
  // A variable, so that bundlers do not include the package.
  const { create, globals } = (await import(/* webpackIgnore: true */ /* @vite-ignore */ PACKAGE)) as {
    create(flags: string[]): Gpu;
    globals: object;
  };
  const gpu = create([]);
  Object.assign(globalThis, globals);
  // Node 20 has no navigator; later versions have one without `gpu`.
  if (!('navigator' in globalThis)) {
    Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true, writable: true });
  }
  Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  return gpu;
}
