import type { GpuAdapter, GpuAdapterInfo, GpuDevice } from './gpu.js';

/** Features and limits of a graphics adapter that matter for training. */
export interface AdapterDescription {
  /** Name that the driver reports, such as `llvmpipe: Mesa 25.0.7 …` or `NVIDIA H100 …`. */
  name: string;
  vendor: string;
  architecture: string;
  /** Whether the processor computes it (lavapipe, SwiftShader). */
  software: boolean;
  /** Whether shaders support half floats. */
  f16: boolean;
  /** Whether shaders support subgroups. */
  subgroups: boolean;
  /** Size of the largest buffer, in bytes. */
  maxBufferBytes: number;
  /** Largest part of a buffer that a shader can bind, in bytes. */
  maxBindingBytes: number;
}

/** Returns the features and limits of an adapter. */
export function describeAdapter({ info, features, limits }: GpuAdapter): AdapterDescription {
  return {
    name: nameAdapter(info),
    vendor: info.vendor,
    architecture: info.architecture,
    software: isSoftware(info),
    f16: features.has('shader-f16'),
    subgroups: features.has('subgroups'),
    maxBufferBytes: limits.maxBufferSize,
    maxBindingBytes: limits.maxStorageBufferBindingSize,
  };
}

/** Returns the name of an adapter. */
export function nameAdapter({ description, device, architecture, vendor }: GpuAdapterInfo): string {
  return description || device || architecture || vendor || 'unnamed adapter';
}

/** Formats an adapter as one line for a terminal. */
export function formatAdapter(adapter: AdapterDescription): string {
  const { name, vendor, architecture, software, f16, subgroups } = adapter;
  const mib = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
  return [
    `${name} (${[vendor, architecture].filter(Boolean).join(', ')})`,
    software ? 'software adapter: computed by the processor' : '',
    f16 ? 'half floats' : 'no half floats',
    subgroups ? 'subgroups' : 'no subgroups',
    `buffers up to ${mib(adapter.maxBufferBytes)}, bindings up to ${mib(adapter.maxBindingBytes)}`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** Returns whether the processor computes for an adapter. */
export function isSoftware(info: GpuAdapterInfo): boolean {
  const words = [info.vendor, info.architecture, info.device, info.description].join(' ');
  return info.isFallbackAdapter === true || /llvmpipe|lavapipe|swiftshader|\bsoftware\b/i.test(words);
}

// Optional features that kernels use. The stock backend requests the first two itself.
const FEATURES = ['timestamp-query', 'bgra8unorm-storage', 'shader-f16', 'subgroups'];
const LIMITS = [
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxBufferSize',
  'maxComputeWorkgroupSizeX',
  'maxComputeInvocationsPerWorkgroup',
];

/** Requests a device with all features and limits of the adapter that kernels use. */
export function requestDevice(adapter: GpuAdapter): Promise<GpuDevice> {
  return adapter.requestDevice({
    requiredFeatures: FEATURES.filter((name) => adapter.features.has(name)),
    requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]])),
  });
}
