import type * as tf from '@tensorflow/tfjs-core';
import { floats, type Program, widthOf } from './program.js';
import { type Bound, type WebGpuRuntime, webGpuRuntime } from './runtime.js';

/** Operation on each value. */
export interface Elementwise {
  key: string;
  /** Tensors of equal size. */
  tensors: { [name: string]: tf.TensorInfo };
  /** Names of the tensors that are written or updated in place. */
  written: string[];
  numbers?: { [name: string]: number };
  /** Whether values are bound as their bits: T is then `u32` or `vec4u`. */
  bits?: boolean;
  /** Returns WGSL that sets the written tensors at `i`; T is `f32` or `vec4f`. */
  body: (T: string) => string;
}

/** Records an operation on each value. */
export function forEachValue(runtime: WebGpuRuntime, op: Elementwise): void {
  const { tensors, written, numbers = {} } = op;
  const names = Object.keys(tensors);
  const size = Object.values(tensors)[0].shape.reduce((a, b) => a * b, 1);
  if (size === 0) return;
  const { workgroupSize } = runtime.tuning;
  const width = widthOf(size);
  const T = op.bits ? { 1: 'u32', 4: 'vec4u' }[width] : floats(width);
  const typesOf = (isWritten: boolean) =>
    Object.fromEntries(names.filter((name) => written.includes(name) === isWritten).map((name) => [name, T]));
  const program: Program = {
    key: `${op.key} ${width} ${workgroupSize}`,
    inputs: typesOf(false),
    outputs: typesOf(true),
    uniforms: {
      count: 'u32',
      ...Object.fromEntries(Object.keys(numbers).map((name) => [name, 'f32' as const])),
    },
    workgroupSize,
    body: `
  let i = group * ${workgroupSize}u + local;
  if (i < u.count) {
    ${op.body(T)}
  }`,
  };
  runtime.forParts(
    op.key.split(' ')[0],
    size / width,
    names.map(() => width),
    (start, count) => {
      const bound: Bound = {};
      for (const name of names) {
        bound[name] = { tensor: tensors[name], start: start * width, count: count * width };
      }
      runtime.run(program, bound, { count, ...numbers }, Math.ceil(count / workgroupSize));
    },
  );
}

/** Creates a tensor of the shape of `like`, and computes each value from those of the inputs. */
export function computeElementwise(
  backend: unknown,
  op: {
    key: string;
    like: tf.TensorInfo;
    inputs: { [name: string]: tf.TensorInfo };
    numbers?: { [name: string]: number };
    /** Returns WGSL of the value at `i`. */
    result: (T: string) => string;
  },
): tf.TensorInfo {
  const runtime = webGpuRuntime(backend);
  const out = runtime.output(op.like.shape);
  forEachValue(runtime, {
    key: op.key,
    tensors: { ...op.inputs, out },
    written: ['out'],
    numbers: op.numbers,
    body: (T) => `out[i] = ${op.result(T)};`,
  });
  return out;
}
