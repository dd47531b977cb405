import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import { type MatmulPrecision, significandBits } from '../precision/matmul-precision.js';
import { offset, type Pointer } from './pointer.js';
import { type WasmRuntime, wasmRuntime } from './runtime.js';

interface Attrs {
  heads: number;
  precision: MatmulPrecision;
}

/** A matrix within a tensor: its address, and the floats from one row to the next. */
interface Matrix {
  at: Pointer;
  step: number;
}

/** Products and softmaxes of the heads of one call. Heads are read and written by strides, without copies. */
class Heads {
  readonly #runtime: WasmRuntime;
  readonly #precision: MatmulPrecision;
  readonly #scratch: Pointer;

  constructor(runtime: WasmRuntime, precision: MatmulPrecision, scratch: Pointer) {
    this.#runtime = runtime;
    this.#precision = precision;
    this.#scratch = scratch;
  }

  /** c[m,n] = a·b, each as given or transposed. */
  multiply(
    trans: [boolean, boolean],
    [m, n, k]: [number, number, number],
    a: Matrix,
    b: Matrix,
    c: Matrix,
  ): void {
    const { kernels, native } = this.#runtime;
    if (usesBfloat16(this.#runtime, this.#precision) && native) {
      native.gemmBfloat16(+trans[0], +trans[1], m, n, k, a.at, a.step, b.at, b.step, c.at, c.step, 0);
      return;
    }
    kernels.gemm(
      +trans[0],
      +trans[1],
      m,
      n,
      k,
      a.at,
      a.step,
      b.at,
      b.step,
      c.at,
      c.step,
      0,
      0,
      this.#scratch,
    );
  }

  /** Rounds values in place as the inputs of a product; the processor's bfloat16 products round them by themselves. */
  round(x: Pointer, count: number): void {
    const bits = significandBits(this.#precision);
    if (bits === null || usesBfloat16(this.#runtime, this.#precision)) return;
    this.#runtime.kernels.round(x, count, bits, x);
  }
}

const usesBfloat16 = (runtime: WasmRuntime, precision: MatmulPrecision) =>
  precision === 'medium' && runtime.hasBfloat16;

/** Whether one native kernel computes all heads. It rounds no values between its products, except to bfloat16. */
const isNative = (
  runtime: WasmRuntime,
  precision: MatmulPrecision,
): runtime is WasmRuntime & { native: object } =>
  runtime.native !== undefined && (significandBits(precision) === null || usesBfloat16(runtime, precision));

/** Calls fn with the addresses of tensors, or of copies rounded as the inputs of products. */
function withRounded(
  runtime: WasmRuntime,
  precision: MatmulPrecision,
  tensors: tf.Tensor[],
  fn: (pointers: Pointer[]) => void,
): void {
  const bits = significandBits(precision);
  if (bits === null || usesBfloat16(runtime, precision)) {
    fn(tensors.map((tensor) => runtime.pointer(tensor)));
    return;
  }
  const count = tensors.reduce((sum, { size }) => sum + size, 0);
  runtime.withScratch(4 * count, (first) => {
    let next = first;
    const copies = tensors.map((tensor) => {
      const copy = next;
      runtime.kernels.round(runtime.pointer(tensor), tensor.size, bits, copy);
      next = offset(next, 4 * tensor.size);
      return copy;
    });
    fn(copies);
  });
}

interface Sizes {
  batch: number;
  tokens: number;
  channels: number;
  width: number;
  factor: number;
}

function sizesOf(qkv: tf.Tensor3D, heads: number): Sizes {
  const [batch, tokens, size] = qkv.shape;
  const channels = size / 3;
  const width = channels / heads;
  return { batch, tokens, channels, width, factor: 1 / Math.sqrt(width) };
}

/** Calls fn with the offset in floats of each head in qkv, and in a tensor [batch, tokens, channels]. */
function forHeads(
  { batch, tokens, channels, width }: Sizes,
  heads: number,
  fn: (inQkv: number, inY: number) => void,
): void {
  for (let image = 0; image < batch; image++) {
    for (let head = 0; head < heads; head++) {
      fn(image * tokens * 3 * channels + head * width, image * tokens * channels + head * width);
    }
  }
}

const at = (pointer: Pointer, floats: number, step: number): Matrix => ({
  at: offset(pointer, 4 * floats),
  step,
});

export const selfAttentionWasm: Kernel<{ qkv: tf.Tensor3D }, Attrs> = ({
  inputs: { qkv },
  attrs: { heads, precision },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const sizes = sizesOf(qkv, heads);
  const { batch, tokens, channels, width, factor } = sizes;
  const y = runtime.output([batch, tokens, channels]);
  const yAt = runtime.pointer(y);
  if (isNative(runtime, precision)) {
    const bfloat16 = +usesBfloat16(runtime, precision);
    runtime.native.selfAttentionForward(runtime.pointer(qkv), batch, tokens, heads, width, yAt, bfloat16);
    return y;
  }
  const square = tokens * tokens;
  const gemmBytes = runtime.kernels.gemmScratchBytes();
  runtime.withScratch(4 * square + gemmBytes, (scoresAt) => {
    const products = new Heads(runtime, precision, offset(scoresAt, 4 * square));
    const scores = { at: scoresAt, step: tokens };
    withRounded(runtime, precision, [qkv], ([qkvAt]) =>
      forHeads(sizes, heads, (inQkv, inY) => {
        const part = (index: number) => at(qkvAt, inQkv + index * channels, 3 * channels);
        products.multiply([false, true], [tokens, tokens, width], part(0), part(1), scores);
        runtime.kernels.softmaxRows(scoresAt, tokens, tokens, factor);
        products.round(scoresAt, square);
        products.multiply([false, false], [tokens, width, tokens], scores, part(2), at(yAt, inY, channels));
      }),
    );
  });
  return y;
};

export const selfAttentionGradWasm: Kernel<{ qkv: tf.Tensor3D; dy: tf.Tensor3D }, Attrs> = ({
  inputs: { qkv, dy },
  attrs: { heads, precision },
  backend,
}) => {
  const runtime = wasmRuntime(backend);
  const sizes = sizesOf(qkv, heads);
  const { batch, tokens, channels, width, factor } = sizes;
  const dQkv = runtime.output(qkv.shape);
  const dQkvAt = runtime.pointer(dQkv);
  if (isNative(runtime, precision)) {
    const [qkvAt, dyAt] = [runtime.pointer(qkv), runtime.pointer(dy)];
    const bfloat16 = +usesBfloat16(runtime, precision);
    runtime.native.selfAttentionBackward(qkvAt, dyAt, batch, tokens, heads, width, dQkvAt, bfloat16);
    return dQkv;
  }
  const square = tokens * tokens;
  const gemmBytes = runtime.kernels.gemmScratchBytes();
  runtime.withScratch(8 * square + gemmBytes, (pAt) => {
    const dsAt = offset(pAt, 4 * square);
    const products = new Heads(runtime, precision, offset(pAt, 8 * square));
    const [p, ds] = [pAt, dsAt].map((pointer) => ({ at: pointer, step: tokens }));
    withRounded(runtime, precision, [qkv, dy], ([qkvAt, dyAt]) =>
      forHeads(sizes, heads, (inQkv, inY) => {
        const part = (index: number) => at(qkvAt, inQkv + index * channels, 3 * channels);
        const gradient = (index: number) => at(dQkvAt, inQkv + index * channels, 3 * channels);
        const dOut = at(dyAt, inY, channels);
        products.multiply([false, true], [tokens, tokens, width], part(0), part(1), p);
        runtime.kernels.softmaxRows(pAt, tokens, tokens, factor);
        products.multiply([false, true], [tokens, tokens, width], dOut, part(2), ds);
        runtime.kernels.softmaxRowsGrad(pAt, dsAt, tokens, tokens, factor);
        products.round(pAt, square);
        products.round(dsAt, square);
        products.multiply([false, false], [tokens, width, tokens], ds, part(1), gradient(0));
        products.multiply([true, false], [tokens, width, tokens], ds, part(0), gradient(1));
        products.multiply([true, false], [tokens, width, tokens], p, dOut, gradient(2));
      }),
    );
  });
  return dQkv;
};
