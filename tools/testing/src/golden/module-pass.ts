/** Runs a module on a golden case and returns its output and gradients in PyTorch's names and layouts. */
import * as tf from '@tensorflow/tfjs-core';
import { float32, type Module, Parameter, type StateDict, valueAndGradients } from '@unitsphere/core';
import { toNchw, toNhwc } from './layout.js';
import type { GoldenTensor } from './read.js';

/** Converts golden values to a state dict. `rename` maps a golden key to the module's key. */
export function toStateDict(
  state: Record<string, GoldenTensor>,
  rename: (key: string) => string = (key) => key,
): StateDict {
  return new Map(
    Object.entries(state).map(([key, { shape, data }]) => [
      rename(key),
      float32(shape, data as Float32Array),
    ]),
  );
}

/** The result of a forward and a backward pass, in PyTorch's layout. */
export interface Pass {
  y: Float32Array;
  dx: Float32Array;
  /** Gradients of sum(y · dy) by state-dict key. */
  gradients: Map<string, Float32Array>;
}

type Values = { readonly shape: number[]; readonly data: ArrayLike<number> };
const isImage = ({ shape }: Values) => shape.length === 4;
const intoTensorFlow = (t: Values) => (isImage(t) ? toNhwc(t) : t);
const intoPyTorch = (t: Values) => (isImage(t) ? toNchw(t) : t).data as Float32Array;

/**
 * Computes y = forward(x) and the gradients of sum(y · dy) with respect to x and every parameter, on the current backend.
 * Tensors of four dimensions are treated as images. Leaves no tensors.
 */
export async function runPass(
  module: Module<never, tf.Tensor>,
  x: GoldenTensor,
  dy: GoldenTensor,
  forward: (x: tf.Tensor) => tf.Tensor = (x) => module.forward(x as never),
): Promise<Pass> {
  const { shape, data } = intoTensorFlow(x);
  const input = new Parameter(shape, Float32Array.from(data));
  const named = module.namedParameters();
  let y!: tf.Tensor;
  const upstream = intoTensorFlow(dy);
  const { value, gradients } = valueAndGradients(() => {
    const out = forward(input.variable);
    y = tf.keep(tf.clone(out));
    return tf.sum(tf.mul(out, tf.tensor(upstream.data as Float32Array, upstream.shape))) as tf.Scalar;
  }, [input, ...named.map(([, parameter]) => parameter)]);
  value.dispose();
  const values = await Promise.all(gradients.map((gradient) => gradient?.data() as Promise<Float32Array>));
  const result = intoPyTorch({ shape: y.shape, data: await y.data() });
  tf.dispose([y, ...gradients.filter((gradient) => gradient !== null)]);
  input.dispose();
  const byKey = new Map<string, Float32Array>();
  for (const [i, [key, { shape, layout }]] of named.entries()) {
    // A temporary parameter with the gradient as its value converts it to PyTorch's layout.
    const holder = new Parameter(shape, values[i + 1], { layout });
    byKey.set(key, (await holder.toHost()).data as Float32Array);
    holder.dispose();
  }
  return { y: result, dx: intoPyTorch({ shape, data: values[0] }), gradients: byKey };
}
