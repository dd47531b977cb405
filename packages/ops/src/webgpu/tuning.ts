/**
 * Choices of kernels that depend on the kind of device. A GPU hides the latency of loads behind thousands of invocations, which
 * share workgroup memory. A software device (lavapipe, SwiftShader) runs one workgroup per core, a subgroup at a time. There a
 * barrier switches contexts and a load takes tens of instructions, so registers and subgroup broadcasts replace workgroup
 * memory.
 */
export interface Tuning {
  /**
   * Subgroup size of a software device on which it is the same for every program. The matrix product then shares values by
   * subgroup broadcasts. 0: it shares them through workgroup memory.
   */
  broadcast: number;
  /** Number of invocations that share the reduction of a row or channel: a power of two. 1 requires no workgroup memory. */
  reducers: number;
  /** Number of invocations in a workgroup of an element-wise kernel. */
  workgroupSize: number;
  /** Number of workgroups that fill the device; reductions are split into that many. */
  targetGroups: number;
  /** Largest number of invocations in a workgroup. */
  workgroupLimit: number;
  /** Whether products below `highest` use half floats. */
  f16: boolean;
}

interface Device {
  features: { has(name: string): boolean };
  limits: { maxComputeInvocationsPerWorkgroup: number; maxComputeWorkgroupSizeX: number };
  adapterInfo?: AdapterInfo;
}

interface AdapterInfo {
  vendor?: string;
  architecture?: string;
  device?: string;
  description?: string;
  isFallbackAdapter?: boolean;
  subgroupMinSize?: number;
  subgroupMaxSize?: number;
}

/** Returns whether a device runs on the CPU. */
export function isSoftware(info: AdapterInfo): boolean {
  const words = [info.vendor, info.architecture, info.device, info.description].join(' ');
  return info.isFallbackAdapter === true || /llvmpipe|lavapipe|swiftshader|\bsoftware\b/i.test(words);
}

/** Returns the tuning for a device, within its limits. */
export function tuningFor(device: Device, info: AdapterInfo = device.adapterInfo ?? {}): Tuning {
  const { limits } = device;
  const most = Math.min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX);
  const { subgroupMinSize = 0, subgroupMaxSize = -1 } = info;
  const software = isSoftware(info);
  const fixed = device.features.has('subgroups') && subgroupMinSize === subgroupMaxSize;
  return {
    broadcast: software && fixed && subgroupMinSize >= 8 ? subgroupMinSize : 0,
    reducers: software ? 1 : Math.min(64, most),
    workgroupSize: Math.min(64, most),
    targetGroups: software ? 32 : 512,
    workgroupLimit: most,
    f16: device.features.has('shader-f16'),
  };
}
