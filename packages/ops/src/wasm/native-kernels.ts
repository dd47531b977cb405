import type { RowFunctions } from '@unitsphere/native';
import type { Kernels } from './kernels.generated.js';
import type { Pointer } from './pointer.js';

/** The part of `@unitsphere/native` that is used here. */
interface Native {
  bindKernels(memory: WebAssembly.Memory): NativeKernels | undefined;
  nativeStatus(): { isa?: string; bfloat16: boolean };
  rowFunctions(): RowFunctions | undefined;
}

let native: Native | null | undefined;

/**
 * Returns `@unitsphere/native`, or null in a browser and where it is not installed. It is required at run time, so that bundles
 * for browsers do not contain it.
 */
function loadNative(): Native | null {
  if (native !== undefined) return native;
  native = null;
  const builtin = globalThis.process?.getBuiltinModule?.('node:module');
  if (builtin) {
    try {
      // __filename exists only in CommonJS, import.meta.url only in ES modules.
      const require = builtin.createRequire(typeof __filename === 'string' ? __filename : import.meta.url);
      native = require('@unitsphere/native') as Native;
    } catch {
      // Optional: skipped silently when not installed.
    }
  }
  return native;
}

type HeadSizes = [batch: number, tokens: number, heads: number, width: number];

type WindowSizes =
  Parameters<Kernels['convThin']> extends [Pointer, ...infer Sizes, Pointer, number, Pointer, Pointer]
    ? Sizes
    : never;

/** Kernels that only `@unitsphere/native` has. The `bfloat16` of a convolution is 0 or 1, as that of `gemmBfloat16` is implied. */
export interface NativeOnlyKernels {
  /** gemm with inputs rounded to bfloat16 and float32 sums. */
  gemmBfloat16(
    ...sizes: Parameters<Kernels['gemm']> extends [...infer Sizes, number, Pointer] ? Sizes : never
  ): void;
  /** convThin for any number of channels. */
  convolve(...sizes: [...Parameters<Kernels['convThin']>, bfloat16: number]): void;
  /** convThinBackpropFilter for any number of channels. */
  convolveBackpropFilter(
    ...sizes: [...Parameters<Kernels['convThinBackpropFilter']>, bfloat16: number]
  ): void;
  /** adamW on the rows `ids` of a parameter and its averages, in place. The ids differ from each other. */
  adamWRows(
    parameter: Pointer,
    gradient: Pointer,
    expAvg: Pointer,
    expAvgSq: Pointer,
    ids: Pointer,
    count: number,
    dimensions: number,
    stepSizes: Pointer,
    corrections: Pointer,
    ...numbers: [
      scale: number,
      beta1: number,
      beta2: number,
      rest1: number,
      rest2: number,
      eps: number,
      kept: number,
    ]
  ): void;
  /** y[batch,tokens,heads·width] = softmax(q·kᵀ / √width)·v for each head of qkv[batch,tokens,3,heads,width]. */
  selfAttentionForward(qkv: Pointer, ...sizes: [...HeadSizes, y: Pointer, bfloat16: number]): void;
  /** dqkv of selfAttentionForward. */
  selfAttentionBackward(
    qkv: Pointer,
    dy: Pointer,
    ...sizes: [...HeadSizes, dqkv: Pointer, bfloat16: number]
  ): void;
  /**
   * dx[n,h,w,c] of a convolution at any stride. The sizes are those of convThin, from n to the output's width.
   * @param channels Outputs of the filter[kh,kw,c,channels].
   */
  convolveBackpropInput(
    dy: Pointer,
    ...sizes: [...WindowSizes, filter: Pointer, channels: number, dx: Pointer, bfloat16: number]
  ): void;
}

/** The processor's own kernels. Those of the same names replace WebAssembly kernels. */
export type NativeKernels = Partial<Kernels> &
  NativeOnlyKernels & {
    /** Sets how many threads share the work of each kernel. Not enumerable. */
    readonly setThreads: (count: number, leastWork?: number) => number;
  };

/** Returns the processor's own kernels on a memory; undefined if there are none. */
export function nativeKernels(memory: WebAssembly.Memory): NativeKernels | undefined {
  return loadNative()?.bindKernels(memory);
}

/** Returns the processor's own functions on rows in memory that threads share; undefined if there are none. */
export function nativeRowFunctions(): RowFunctions | undefined {
  return loadNative()?.rowFunctions();
}

/** Returns whether products with bfloat16 inputs use the processor's instructions on the WASM backend. */
export function hasNativeBfloat16(): boolean {
  return loadNative()?.nativeStatus().bfloat16 ?? false;
}
