import type { GpuAdapter, GpuAdapterInfo, GpuDevice } from './gpu.js';

/** What a graphics adapter has, as far as training cares. */
export interface AdapterDescription {
  /** As the driver says it: `llvmpipe: Mesa 25.0.7 …`, `NVIDIA H100 …`. */
  name: string;
  vendor: string;
  architecture: string;
  /** Whether the processor does the work (lavapipe, SwiftShader). */
  software: boolean;
  /** Half floats in shaders. */
  f16: boolean;
  subgroups: boolean;
  /** The largest buffer, in bytes. */
  maxBufferBytes: number;
  /** The largest part of a buffer that a shader can reach at a time, in bytes. */
  maxBindingBytes: number;
}

/** Describes an adapter. */
export function describeAdapter({ info, features, limits }: GpuAdapter): AdapterDescription {
  return {
    name: info.description || info.device || info.architecture || info.vendor || 'unnamed adapter',
    vendor: info.vendor,
    architecture: info.architecture,
    software: isSoftware(info),
    f16: features.has('shader-f16'),
    subgroups: features.has('subgroups'),
    maxBufferBytes: limits.maxBufferSize,
    maxBindingBytes: limits.maxStorageBufferBindingSize,
  };
}

/** One line for a terminal. */
export function adapterLine(adapter: AdapterDescription): string {
  const { name, vendor, architecture, software, f16, subgroups } = adapter;
  const mib = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MiB`;
  return [
    `${name} (${[vendor, architecture].filter(Boolean).join(', ')})`,
    software ? 'software adapter: the processor does the work' : '',
    f16 ? 'half floats' : 'no half floats',
    subgroups ? 'subgroups' : 'no subgroups',
    `buffers to ${mib(adapter.maxBufferBytes)}, ${mib(adapter.maxBindingBytes)} bound at a time`,
  ]
    .filter(Boolean)
    .join(', ');
}

function isSoftware(info: GpuAdapterInfo): boolean {
  const words = [info.vendor, info.architecture, info.device, info.description].join(' ');
  return info.isFallbackAdapter === true || /llvmpipe|lavapipe|swiftshader|\bsoftware\b/i.test(words);
}

// What kernels use where it is there; the stock backend itself wants the first two.
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

/** A device with all that the adapter has of what kernels use. */
export function requestDevice(adapter: GpuAdapter): Promise<GpuDevice> {
  return adapter.requestDevice({
    requiredFeatures: FEATURES.filter((name) => adapter.features.has(name)),
    requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]])),
  });
}
