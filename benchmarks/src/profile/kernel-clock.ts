import * as tf from '@tensorflow/tfjs-core';
import { wrapKernels } from './wrap-kernels.js';

/** Time and work of one kernel. */
export interface KernelTime {
  kernel: string;
  calls: number;
  /** Time in the kernel itself, without the kernels that it calls. */
  milliseconds: number;
  /** Bytes of its inputs and outputs, each counted once. */
  bytes: number;
  /** Floating-point operations, two for each multiply-add. 0 for kernels other than convolutions and matrix products. */
  flops: number;
}

/** Arguments of a kernel. */
export interface Call {
  inputs: tf.NamedTensorInfoMap;
  attrs?: tf.NamedAttrMap;
}

/**
 * Clocks every kernel that is registered for a backend, as `wrapKernels` finds them. The backend must execute kernels synchronously
 * (`wasm`, `tensorflow` without a GPU, `cpu`).
 * @returns `read`, which returns the times so far, and `stop`, which restores the kernels.
 */
export function clockKernels(backendName: string): { read(): KernelTime[]; stop(): void } {
  const times = new Map<string, KernelTime>();
  /** For each running kernel, the milliseconds spent in the kernels that it called. */
  const nested: number[] = [];
  const stop = wrapKernels(backendName, (name, run) => (call) => {
    nested.push(0);
    const start = performance.now();
    const outputs = run(call);
    const elapsed = performance.now() - start;
    const own = elapsed - (nested.pop() ?? 0);
    if (nested.length > 0) nested[nested.length - 1] += elapsed;
    const time = times.get(name) ?? createKernelTime(name);
    times.set(name, time);
    time.calls++;
    time.milliseconds += own;
    time.bytes += [...Object.values(call.inputs), ...[outputs].flat()].reduce(
      (sum, info) => sum + (info ? countBytes(info) : 0),
      0,
    );
    time.flops += countFlops(name, call, [outputs].flat());
    return outputs;
  });
  return { read: () => [...times.values()], stop };
}

function createKernelTime(kernel: string): KernelTime {
  return { kernel, calls: 0, milliseconds: 0, bytes: 0, flops: 0 };
}

/** Counts the bytes of a tensor. */
export function countBytes({ shape, dtype }: tf.TensorInfo): number {
  return tf.util.sizeFromShape(shape) * tf.util.bytesPerElement(dtype);
}

/** Counts the floating-point operations of our convolutions, their gradients and our matrix products. 0 for other kernels. */
export function countFlops(kernel: string, { inputs, attrs }: Call, [output]: tf.TensorInfo[]): number {
  const size = ({ shape }: tf.TensorInfo) => tf.util.sizeFromShape(shape);
  if (kernel === 'UnitsphereMatMul') {
    const { a } = inputs as { a: tf.TensorInfo };
    return 2 * size(output) * a.shape[attrs?.['transposeA'] ? 0 : 1];
  }
  if (/^Unitsphere(Depthwise)?Conv2d/.test(kernel)) {
    const map = inputs['dy'] ?? output;
    const filter = inputs['filter']?.shape ?? (attrs?.['filterShape'] as unknown as number[]);
    // Each value of the map is a sum over the filter of its channel, for dense and depthwise convolutions.
    return (2 * size(map) * tf.util.sizeFromShape(filter)) / map.shape[3];
  }
  return 0;
}
