import * as tf from '@tensorflow/tfjs-core';
import { BackendUnavailableError } from '../errors.js';
import type { BackendProbe } from '../probe.js';
import { probePackage } from '../probe.js';
import { endOfCallbacks, withoutNotices } from '../without-notices.js';
import { type AdapterDescription, describeAdapter, formatAdapter, requestDevice } from './adapter.js';
import { GpuError, isLost, throwDeviceErrors } from './device-errors.js';
import { findGpu, type Gpu, type GpuAdapter, type GpuDevice } from './gpu.js';

const NAME = 'webgpu';

interface WebGpuPackage {
  WebGPUBackend: new (device: GpuDevice, adapterInfo: unknown) => tf.KernelBackend;
}

/** Requests an adapter and imports the package, which registers the backend with TensorFlow.js. */
export async function probeWebGpu(): Promise<BackendProbe<{ adapter: AdapterDescription }>> {
  const gpu = await findGpu();
  if ('reason' in gpu) return { available: false, ...gpu };
  const adapter = await requestAdapter(gpu);
  if (!adapter) return { available: false, ...noAdapter() };
  const description = describeAdapter(adapter);
  const probe = await probePackage<WebGpuPackage>(NAME, '@tensorflow/tfjs-backend-webgpu', async () => {
    try {
      const module = (await import('@tensorflow/tfjs-backend-webgpu')) as unknown as WebGpuPackage;
      // The package does not export its version, which is that of tfjs-core.
      return { module, version: tf.version_core, detail: formatAdapter(description) };
    } catch (cause) {
      return { cause };
    }
  });
  if (!probe.available) return probe;
  register(probe.module, gpu);
  return { ...probe, module: { adapter: description } };
}

/** Starts the backend. @throws BackendUnavailableError if it cannot be used; the message says what to do. */
export async function startWebGpu(): Promise<void> {
  const probe = await probeWebGpu();
  if (!probe.available) {
    throw new BackendUnavailableError(NAME, probe.reason, probe.remedy, { cause: probe.cause });
  }
  const { registry } = tf.engine();
  if (registry[NAME] && isLost(registry[NAME])) {
    // Registering the factory again requests a new device. Tensors on the lost one are gone.
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

/** Replaces the package's factory by one that requests more features and limits, and throws the device's errors. */
function register({ WebGPUBackend }: WebGpuPackage, gpu: Gpu): void {
  // A backend that is already started keeps its device.
  if (ours.has(tf.findBackendFactory(NAME)) || tf.engine().registry[NAME]) return;
  const factory = async () => {
    const adapter = await requestAdapter(gpu);
    if (!adapter) throw new GpuError('lost', 'The graphics adapter is no longer available.');
    const device = await requestDevice(adapter);
    return throwDeviceErrors(new WebGPUBackend(device, adapter.info), device);
  };
  ours.add(factory);
  tf.removeBackend(NAME);
  tf.registerBackend(NAME, factory, 3);
}

// Dawn writes them on a software driver.
const NOTICES = [/^Warning: maxDynamic(Uniform|Storage)BuffersPerPipelineLayout artificially reduced/];

async function requestAdapter(gpu: Gpu): Promise<GpuAdapter | null> {
  await endOfCallbacks();
  return withoutNotices(NOTICES, () => gpu.requestAdapter({ powerPreference: 'high-performance' }));
}

/** Why WebGPU is not available without an adapter. */
export function noAdapter(): { reason: string; remedy: string } {
  return { reason: 'no graphics adapter was found.', remedy: driverRemedy() };
}

function driverRemedy(): string {
  const node = typeof process !== 'undefined' && process.versions?.node;
  if (!node) return 'Enable WebGPU in this browser, or use the backend "wasm".';
  if (process.platform !== 'linux') return 'Install the graphics driver, or use the backend "wasm".';
  return "Install the graphics card's Vulkan driver, or a software one (Mesa 25 or newer): apt-get install mesa-vulkan-drivers";
}
