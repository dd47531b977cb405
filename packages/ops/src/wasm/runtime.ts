import * as tf from '@tensorflow/tfjs-core';
import { wasmKernels } from './kernel-set.js';
import type { Kernels } from './kernels.generated.js';
import { hasNativeBfloat16, type NativeKernels, nativeKernels } from './native-kernels.js';
import { NULL_POINTER, type Pointer } from './pointer.js';
import { shareIdentity } from './share-identity.js';

/** The part of TensorFlow.js's WASM backend that the kernels use. */
interface WasmBackend {
  wasm: {
    asm?: { memory?: WebAssembly.Memory };
    _malloc(bytes: number): number;
    _free(offset: number): void;
  };
  dataIdMap: { get(id: object): { memoryOffset: Pointer } };
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  disposeData(dataId: object): boolean;
  refCount(dataId: object): number;
}

interface GemmOptions {
  /** Whether to add to C. */
  accumulate?: boolean;
  /** Whether every sum runs in the same order for any sizes; see `Kernels.gemm`. */
  ordered?: boolean;
  /** Whether the native kernel rounds the inputs to bfloat16. */
  bfloat16?: boolean;
}

/** The kernels, instantiated on the memory of one WASM backend. */
export class WasmRuntime {
  readonly kernels: Kernels;
  /** Kernels of the processor's own vectors that have no WebAssembly counterpart; undefined without `@unitsphere/native`. */
  readonly native: NativeKernels | undefined;
  /** Whether the native products can take bfloat16 inputs. */
  readonly hasBfloat16: boolean;
  readonly #memory: WebAssembly.Memory;
  readonly #backend: WasmBackend;
  #threads = 1;

  constructor(backend: WasmBackend) {
    this.#backend = backend;
    const memory = backend.wasm?.asm?.memory;
    if (!(memory instanceof WebAssembly.Memory)) {
      if (tf.env().getBool('WASM_HAS_MULTITHREAD_SUPPORT')) {
        throw new Error(
          "unitsphere: TensorFlow.js started the multi-threaded build of its WASM backend, as it does in a cross-origin isolated page; the kernels need the single-threaded build. Start it with useBackend('wasm') from @unitsphere/backends, or call tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false) before it starts.",
        );
      }
      throw new Error(
        'unitsphere: this version of @tensorflow/tfjs-backend-wasm does not expose its memory as version 4.22 does. Install @tensorflow/tfjs-backend-wasm@4.22.',
      );
    }
    this.#memory = memory;
    const native = nativeKernels(memory);
    this.native = native;
    this.hasBfloat16 = native !== undefined && hasNativeBfloat16();
    this.kernels = { ...wasmKernels(memory), ...native };
  }

  /** Threads that share the work of each native kernel. */
  get threads(): number {
    return this.#threads;
  }

  /** @throws Error if there are no native kernels, and `threads` is above 1. */
  setThreads(threads: number): void {
    if (threads === this.#threads) return;
    if (!this.native) {
      throw new Error(
        `setKernelThreads: WebAssembly kernels run on one thread, not ${threads}. Install @unitsphere/native, or build it with npm run build:native in a clone. UNITSPHERE_NATIVE=0 switches it off.`,
      );
    }
    this.native.setThreads(threads);
    this.#threads = threads;
  }

  /** Returns the address of a tensor's values. */
  pointer(tensor: tf.TensorInfo): Pointer {
    return this.#backend.dataIdMap.get(tensor.dataId).memoryOffset;
  }

  /**
   * Allocates a tensor with undefined values.
   * @throws Error if memory is full; the stock backend would continue with address 0 and overwrite its own data.
   */
  output(shape: number[], dtype: tf.DataType = 'float32'): tf.TensorInfo {
    const tensor = this.#backend.makeOutput(shape, dtype);
    if (this.pointer(tensor) === NULL_POINTER && !shape.includes(0)) {
      this.#backend.disposeData(tensor.dataId);
      throw outOfMemory(`a tensor of shape [${shape}]`);
    }
    return tensor;
  }

  /** Returns whether another tensor shares the data. */
  isShared(tensor: tf.TensorInfo): boolean {
    return this.#backend.refCount(tensor.dataId) > 1;
  }

  /** Allocates a tensor with the same values. */
  copy(tensor: tf.TensorInfo): tf.TensorInfo {
    const out = this.output(tensor.shape);
    const count = tensor.shape.reduce((a, b) => a * b, 1);
    this.floats(this.pointer(out), count).set(this.floats(this.pointer(tensor), count));
    return out;
  }

  /**
   * Calls fn with the address of scratch memory, and frees it afterward.
   * @throws Error if memory is full.
   */
  withScratch<T>(bytes: number, fn: (pointer: Pointer) => T): T {
    const pointer = (this.#backend.wasm._malloc(Math.max(bytes, 16)) >>> 0) as Pointer;
    if (pointer === NULL_POINTER) throw outOfMemory(`${bytes} bytes`);
    try {
      return fn(pointer);
    } finally {
      this.#backend.wasm._free(pointer);
    }
  }

  /** Returns a view of `count` bytes, valid as long as that of `floats`. */
  bytes(pointer: Pointer, count: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, pointer, count);
  }

  /** Returns a view of `count` int32 values, valid as long as that of `floats`. */
  ints(pointer: Pointer, count: number): Int32Array {
    return new Int32Array(this.#memory.buffer, pointer, count);
  }

  /** Returns a view of `count` floats. The next allocation may grow the memory, which detaches the view. */
  floats(pointer: Pointer, count: number): Float32Array {
    return new Float32Array(this.#memory.buffer, pointer, count);
  }

  /** Calls fn with the address of the scratch memory of a matrix product. */
  withGemmScratch<T>(fn: (pointer: Pointer) => T): T {
    return this.withScratch(this.kernels.gemmScratchBytes(), fn);
  }

  /** Computes C = A·B on contiguous matrices, each as stored or transposed; see `Kernels.gemm`. */
  gemm(
    transA: boolean,
    transB: boolean,
    m: number,
    n: number,
    k: number,
    a: Pointer,
    b: Pointer,
    c: Pointer,
    { accumulate = false, ordered = false, bfloat16 = false }: GemmOptions = {},
  ): void {
    const lda = transA ? m : k;
    const ldb = transB ? k : n;
    const ldc = n;
    if (bfloat16 && this.native) {
      this.native.gemmBfloat16(+transA, +transB, m, n, k, a, lda, b, ldb, c, ldc, +accumulate);
      return;
    }
    this.withGemmScratch((scratch) =>
      this.kernels.gemm(+transA, +transB, m, n, k, a, lda, b, ldb, c, ldc, +accumulate, +ordered, scratch),
    );
  }
}

function outOfMemory(what: string): Error {
  return new Error(
    `unitsphere: the WASM backend is out of memory (4 GiB at most): it cannot allocate ${what}. Use a smaller batch.`,
  );
}

const runtimes = new WeakMap<object, WasmRuntime>();

/** Returns the runtime of a WASM backend, which is created at its first kernel. */
export function wasmRuntime(backend: unknown): WasmRuntime {
  let runtime = runtimes.get(backend as object);
  if (!runtime) {
    runtime = new WasmRuntime(backend as WasmBackend);
    shareIdentity();
    runtimes.set(backend as object, runtime);
  }
  return runtime;
}
