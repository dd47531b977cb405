import { decodeBase64 } from './base64.js';
import { type Kernels, relaxedSimdBytes, simdBytes } from './kernels.generated.js';
import { type NativeKernels, nativeKernels } from './native-kernels.js';
import { useRelaxedSimd } from './relaxed-simd.js';

/** A kernel by its numbers: sizes, addresses and scalars. */
export type KernelFunction = (...values: number[]) => number;

/** The kernels of this package on one memory, for callers that plan addresses by themselves. */
export interface KernelSet {
  /** Kernels by name, as assembly/index.ts documents them: the processor's own where `@unitsphere/native` has them. */
  readonly kernels: Readonly<Record<string, KernelFunction>>;
  /**
   * Names of the processor's own kernels in the order of their numbers, which `kernels.runProgram` takes; undefined without
   * `@unitsphere/native`.
   */
  readonly native: readonly string[] | undefined;
}

const modules = new Map<boolean, WebAssembly.Module>();

/** Instantiates the WebAssembly kernels on a memory. They are compiled once. */
export function wasmKernels(memory: WebAssembly.Memory): Kernels {
  const isRelaxed = useRelaxedSimd();
  const module =
    modules.get(isRelaxed) ?? new WebAssembly.Module(decodeBase64(isRelaxed ? relaxedSimdBytes : simdBytes));
  modules.set(isRelaxed, module);
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
}

/**
 * Creates kernels on a memory of the caller's own, which must stay referenced as long as they are called.
 * @param memory Memory that threads do not share. It may grow.
 */
export function createKernelSet(memory: WebAssembly.Memory): KernelSet {
  const native: NativeKernels | undefined = nativeKernels(memory);
  const kernels = { ...wasmKernels(memory), ...native } as unknown as KernelSet['kernels'];
  return { kernels, native: native && Object.keys(native) };
}
