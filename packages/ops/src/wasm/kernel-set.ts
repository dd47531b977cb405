import { decodeBase64 } from './base64.js';
import { type Kernels, relaxedSimdBytes, simdBytes } from './kernels.generated.js';
import { type NativeKernels, nativeKernels } from './native-kernels.js';
import { useRelaxedSimd } from './relaxed-simd.js';
import { importSharedMemory } from './share-memory.js';

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
  /** The WebAssembly kernels, which other threads instantiate with the import `env.memory`, a memory of the same kind. */
  readonly module: WebAssembly.Module;
}

const modules = new Map<string, WebAssembly.Module>();

/** Compiles the WebAssembly kernels, once for each kind of memory. */
function compileKernels(isShared: boolean): WebAssembly.Module {
  const isRelaxed = useRelaxedSimd();
  const key = `${isRelaxed} ${isShared}`;
  let module = modules.get(key);
  if (!module) {
    const bytes = decodeBase64(isRelaxed ? relaxedSimdBytes : simdBytes);
    module = new WebAssembly.Module(isShared ? importSharedMemory(bytes) : bytes);
    modules.set(key, module);
  }
  return module;
}

/** Instantiates the WebAssembly kernels on a memory. */
export function wasmKernels(memory: WebAssembly.Memory, module = compileKernels(false)): Kernels {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
}

/**
 * Creates kernels on a memory of the caller's own, which must stay referenced as long as they are called.
 * @param memory Memory, which may grow. One that threads share has WebAssembly kernels only, and a maximum of at most 65,536 pages.
 */
export function createKernelSet(memory: WebAssembly.Memory): KernelSet {
  const isShared =
    typeof SharedArrayBuffer !== 'undefined' &&
    (memory.buffer as ArrayBufferLike) instanceof SharedArrayBuffer;
  const native: NativeKernels | undefined = isShared ? undefined : nativeKernels(memory);
  const module = compileKernels(isShared);
  const kernels = { ...wasmKernels(memory, module), ...native } as unknown as KernelSet['kernels'];
  return { kernels, native: native && Object.keys(native), module };
}
