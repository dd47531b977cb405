import * as tf from '@tensorflow/tfjs-core';
import type { ByActivation } from '../activation.js';
import { decodeBase64 } from './base64.js';
import { relaxedSimdBytes, simdBytes } from './kernels.generated.js';
import { useRelaxedSimd } from './relaxed-simd.js';
import { shareIdentity } from './share-identity.js';

/** The part of TensorFlow.js's WASM backend that our kernels stand on. */
interface WasmBackend {
  wasm: {
    asm?: { memory?: WebAssembly.Memory };
    _malloc(bytes: number): number;
    _free(offset: number): void;
  };
  dataIdMap: { get(id: object): { memoryOffset: number } };
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  disposeData(dataId: object): boolean;
  refCount(dataId: object): number;
}

type Pointer = number;

/** What assembly/index.ts exports; sizes count elements, pointers are byte addresses. */
export interface WasmKernels
  extends Record<
    ByActivation<'affine' | 'batchNormGradSums' | 'batchNormGradInput'>,
    (...args: number[]) => void
  > {
  gemm(
    transA: number,
    transB: number,
    m: number,
    n: number,
    k: number,
    a: Pointer,
    lda: number,
    b: Pointer,
    ldb: number,
    c: Pointer,
    ldc: number,
    accumulate: number,
    ordered: number,
    scratch: Pointer,
  ): void;
  gemmScratchBytes(): number;
  convThin(...args: number[]): void;
  convThinBackpropFilter(...args: number[]): void;
  im2col(...args: number[]): void;
  col2im(...args: number[]): void;
  depthwise(...args: number[]): void;
  depthwisePadded(...args: number[]): void;
  depthwiseBackpropInput(...args: number[]): void;
  depthwiseBackpropFilter(...args: number[]): void;
  flipKernel(weight: Pointer, taps: number, channels: number, out: Pointer): void;
  moments(x: Pointer, m: number, c: number, mean: Pointer, variance: Pointer, scratch: Pointer): void;
  affinePrelu(...args: number[]): void;
  batchNormGradSumsPrelu(...args: number[]): void;
  batchNormGradInputPrelu(...args: number[]): void;
  activation(x: Pointer, count: number, code: number, y: Pointer): void;
  activationGrad(x: Pointer, dy: Pointer, count: number, code: number, dx: Pointer): void;
  maxPool(...args: number[]): void;
  maxPoolGrad(...args: number[]): void;
  prelu(x: Pointer, m: number, c: number, slope: Pointer, y: Pointer): void;
  preluGradInput(x: Pointer, dy: Pointer, m: number, c: number, slope: Pointer, dx: Pointer): void;
  preluGradSlope(x: Pointer, dy: Pointer, m: number, c: number, dslope: Pointer, sums: Pointer): void;
  l2Normalize(x: Pointer, m: number, d: number, eps: number, y: Pointer): void;
  l2NormalizeGrad(x: Pointer, dy: Pointer, m: number, d: number, eps: number, dx: Pointer): void;
  scatterAddRows(x: Pointer, ids: Pointer, m: number, d: number, segments: number, out: Pointer): void;
  gatherRows(x: Pointer, ids: Pointer, m: number, d: number, out: Pointer): void;
  layerNorm(...args: number[]): void;
  layerNormGrad(...args: number[]): void;
  globalAveragePool(x: Pointer, n: number, pixels: number, c: number, y: Pointer): void;
  globalAveragePoolGrad(dy: Pointer, n: number, pixels: number, c: number, dx: Pointer): void;
  scaleChannels(x: Pointer, gate: Pointer, n: number, pixels: number, c: number, y: Pointer): void;
  scaleChannelsGradGate(x: Pointer, dy: Pointer, n: number, pixels: number, c: number, dgate: Pointer): void;
  addBias(x: Pointer, m: number, c: number, bias: Pointer, y: Pointer): void;
  columnSums(x: Pointer, m: number, c: number, sums: Pointer, factor: number): void;
  adamW(...args: number[]): void;
  sgd(...args: number[]): void;
  movingAverage(...args: number[]): void;
  countNonFinite(x: Pointer, count: number): number;
  lookUpPixels(bytes: Pointer, pixels: number, tables: Pointer, out: Pointer): void;
  round(x: Pointer, count: number, bits: number, y: Pointer): void;
  packBfloat16(x: Pointer, count: number, y: Pointer): void;
  unpackBfloat16(x: Pointer, count: number, y: Pointer): void;
  sumSquares(x: Pointer, count: number): number;
  marginSoftmaxScratchBytes(rows: number): number;
  marginSoftmaxForward(...args: number[]): void;
  marginSoftmaxBackward(...args: number[]): void;
}

/** Our kernels instantiated on one WASM backend's memory. */
export class WasmRuntime {
  readonly kernels: WasmKernels;
  readonly #memory: WebAssembly.Memory;

  readonly #backend: WasmBackend;

  constructor(backend: WasmBackend) {
    this.#backend = backend;

    const memory = backend.wasm?.asm?.memory;
    if (!(memory instanceof WebAssembly.Memory)) {
      if (tf.env().getBool('WASM_HAS_MULTITHREAD_SUPPORT')) {
        throw new Error(
          "unitsphere: TensorFlow.js took the WASM backend's build with threads, as it does in a page that is cross-origin isolated; our kernels need the other one. Start it by useBackend('wasm') of @unitsphere/backends, or call tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false) before it starts.",
        );
      }
      throw new Error(
        'unitsphere: this @tensorflow/tfjs-backend-wasm does not expose its memory as 4.22 does. Install @tensorflow/tfjs-backend-wasm@4.22.',
      );
    }
    this.#memory = memory;
    const instance = new WebAssembly.Instance(
      new WebAssembly.Module(decodeBase64(useRelaxedSimd() ? relaxedSimdBytes : simdBytes) as BufferSource),
      { env: { memory } },
    );
    this.kernels = instance.exports as unknown as WasmKernels;
  }

  /** The address of a tensor's values. */
  pointer(tensor: tf.TensorInfo): Pointer {
    return this.#backend.dataIdMap.get(tensor.dataId).memoryOffset;
  }

  /**
   * A new tensor, its values not set.
   * @throws Error when memory is full; the stock backend would go on with address 0 and overwrite its own data.
   */
  output(shape: number[], dtype: tf.DataType = 'float32'): tf.TensorInfo {
    const tensor = this.#backend.makeOutput(shape, dtype);
    if (this.pointer(tensor) === 0 && !shape.includes(0)) {
      this.#backend.disposeData(tensor.dataId);
      throw outOfMemory(`a tensor of shape [${shape}]`);
    }
    return tensor;
  }

  /** Whether another tensor has the same data. */
  isShared(tensor: tf.TensorInfo): boolean {
    return this.#backend.refCount(tensor.dataId) > 1;
  }

  /** A new tensor with the same values. */
  copy(tensor: tf.TensorInfo): tf.TensorInfo {
    const out = this.output(tensor.shape);
    const count = tensor.shape.reduce((a, b) => a * b, 1);
    this.floats(this.pointer(out), count).set(this.floats(this.pointer(tensor), count));
    return out;
  }

  /** Runs fn with a piece of memory that is freed afterward. */
  withScratch<T>(bytes: number, fn: (pointer: Pointer) => T): T {
    const pointer = this.#backend.wasm._malloc(Math.max(bytes, 16)) >>> 0;
    if (pointer === 0) throw outOfMemory(`${bytes} bytes`);
    try {
      return fn(pointer);
    } finally {
      this.#backend.wasm._free(pointer);
    }
  }

  /** A view of count bytes, under the same rule as floats. */
  bytes(pointer: Pointer, count: number): Uint8Array {
    return new Uint8Array(this.#memory.buffer, pointer, count);
  }

  /** A view of count int32 values, under the same rule as floats. */
  ints(pointer: Pointer, count: number): Int32Array {
    return new Int32Array(this.#memory.buffer, pointer, count);
  }

  /** A view of count floats; taken anew at each use because memory growth detaches views. */
  floats(pointer: Pointer, count: number): Float32Array {
    return new Float32Array(this.#memory.buffer, pointer, count);
  }

  /** Runs fn with the memory that the matrix product packs into. */
  withGemmScratch<T>(fn: (pointer: Pointer) => T): T {
    return this.withScratch(this.kernels.gemmScratchBytes(), fn);
  }

  /** C = A·B, each as stored or transposed; see assembly/gemm.ts. */
  gemm(
    transA: boolean,
    transB: boolean,
    m: number,
    n: number,
    k: number,
    a: Pointer,
    b: Pointer,
    c: Pointer,
    { accumulate = false, ordered = false }: { accumulate?: boolean; ordered?: boolean } = {},
  ): void {
    this.withGemmScratch((scratch) =>
      this.kernels.gemm(
        +transA,
        +transB,
        m,
        n,
        k,
        a,
        transA ? m : k,
        b,
        transB ? k : n,
        c,
        n,
        +accumulate,
        +ordered,
        scratch,
      ),
    );
  }
}

function outOfMemory(what: string): Error {
  return new Error(
    `unitsphere: the WASM backend has no room left for ${what} (4 GiB at most). Use a smaller batch.`,
  );
}

const runtimes = new WeakMap<object, WasmRuntime>();

/** The runtime of a WASM backend, made at its first kernel. */
export function wasmRuntime(backend: unknown): WasmRuntime {
  let runtime = runtimes.get(backend as object);
  if (!runtime) {
    runtime = new WasmRuntime(backend as WasmBackend);
    shareIdentity();
    runtimes.set(backend as object, runtime);
  }
  return runtime;
}
