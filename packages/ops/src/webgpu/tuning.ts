/**
 * What kernels choose by the kind of device. A GPU hides the latency of loads behind thousands of invocations that share
 * memory within a workgroup. A software device (lavapipe, SwiftShader) runs one workgroup a core, a subgroup at a time:
 * barriers make it switch contexts, and a load costs it tens of instructions, so there registers and subgroup broadcasts
 * take the place of workgroup memory.
 */
export interface Tuning {
  /**
   * Subgroup size where it is the same for every program and the device runs in software; the matrix product then hands
   * values round by subgroup broadcasts. 0: through workgroup memory.
   */
  broadcast: number;
  /** Invocations that share one row's or one channel's reduction; 1 needs no workgroup memory. A power of two. */
  reducers: number;
  /** Invocations in a workgroup of an element-wise kernel. */
  workgroupSize: number;
  /** Workgroups that are enough to fill the device; reductions are split so far. */
  targetGroups: number;
  /** Invocations that a workgroup can have. */
  workgroupLimit: number;
  /** Whether products below `highest` take half floats. */
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

/** Whether a device is computed by the processor. */
export function isSoftware(info: AdapterInfo): boolean {
  const words = [info.vendor, info.architecture, info.device, info.description].join(' ');
  return info.isFallbackAdapter === true || /llvmpipe|lavapipe|swiftshader|\bsoftware\b/i.test(words);
}

/** The tuning for a device, within its limits. */
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
