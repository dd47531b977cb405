import * as tf from '@tensorflow/tfjs-core';
import { BackendUnavailableError } from '../errors.js';
import type { BackendProbe } from '../probe.js';
import { probePackage } from '../probe.js';
import { type AdapterDescription, adapterLine, describeAdapter, requestDevice } from './adapter.js';
import { GpuError, isLost, throwDeviceErrors } from './device-errors.js';
import { findGpu, type Gpu, type GpuAdapter, type GpuDevice } from './gpu.js';

const NAME = 'webgpu';

interface WebGpuPackage {
  WebGPUBackend: new (device: GpuDevice, adapterInfo: unknown) => tf.KernelBackend;
}

/** Asks for an adapter and imports the package, which registers the backend with TensorFlow.js. */
export async function probeWebGpu(): Promise<BackendProbe<{ adapter: AdapterDescription }>> {
  const gpu = await findGpu();
  if ('reason' in gpu) return { available: false, ...gpu };
  const adapter = await requestAdapter(gpu);
  if (!adapter) return { available: false, reason: 'no graphics adapter was found.', remedy: driverRemedy() };
  const described = describeAdapter(adapter);
  const probe = await probePackage(NAME, '@tensorflow/tfjs-backend-webgpu', async () => {
    const module = (await import('@tensorflow/tfjs-backend-webgpu')) as unknown as WebGpuPackage;
    // The package does not export its version; it is made for this one of tfjs-core.
    return { module, version: tf.version_core, detail: adapterLine(described) };
  });
  if (!probe.available) return probe;
  register(probe.module, gpu);
  return { ...probe, module: { adapter: described } };
}

/** Starts the backend. @throws BackendUnavailableError where it cannot, with what to do. */
export async function startWebGpu(): Promise<void> {
  const probe = await probeWebGpu();
  if (!probe.available) {
    throw new BackendUnavailableError(NAME, probe.reason, probe.remedy, { cause: probe.cause });
  }
  const { registry } = tf.engine();
  if (registry[NAME] && isLost(registry[NAME])) {
    // A new device; what was on the old one is gone.
    const factory = tf.findBackendFactory(NAME);
    tf.removeBackend(NAME);
    tf.registerBackend(NAME, factory);
  }
  if (!(await tf.setBackend(NAME))) {
    throw new BackendUnavailableError(
      NAME,
      'its device failed to start; TensorFlow.js wrote the cause to the console.',
      'Update the graphics driver, or use the backend "wasm".',
    );
  }
}

const ours = new WeakSet<object>();

/** Puts in the place of the package's factory one that asks for more of the device, and throws its errors. */
function register({ WebGPUBackend }: WebGpuPackage, gpu: Gpu): void {
  // One that somebody started before keeps its device.
  if (ours.has(tf.findBackendFactory(NAME)) || tf.engine().registry[NAME]) return;
  const factory = async () => {
    const adapter = await requestAdapter(gpu);
    if (!adapter) throw new GpuError('lost', 'The graphics adapter is gone.');
    const device = await requestDevice(adapter);
    return throwDeviceErrors(new WebGPUBackend(device, adapter.info), device);
  };
  ours.add(factory);
  tf.removeBackend(NAME);
  tf.registerBackend(NAME, factory, 3);
}

function requestAdapter(gpu: Gpu): Promise<GpuAdapter | null> {
  return gpu.requestAdapter({ powerPreference: 'high-performance' });
}

function driverRemedy(): string {
  const node = typeof process !== 'undefined' && process.versions?.node;
  if (!node) return 'Turn WebGPU on in this browser, or use the backend "wasm".';
  if (process.platform !== 'linux') return 'Install the graphics driver, or use the backend "wasm".';
  return "Install the graphics card's Vulkan driver, or a software one (Mesa 25 or newer): apt-get install mesa-vulkan-drivers";
}
