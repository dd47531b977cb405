import * as tf from '@tensorflow/tfjs-core';

/** One kernel's share of what was clocked. */
export interface KernelTime {
  kernel: string;
  calls: number;
  /** Its own: what kernels took that it called is theirs. */
  milliseconds: number;
  /** Of its inputs and outputs, each once. */
  bytes: number;
  /** Two for each product in a sum; 0 for kernels that do not consist of them. */
  flops: number;
}

interface Call {
  inputs: tf.NamedTensorInfoMap;
  attrs?: tf.NamedAttrMap;
}

/**
 * Clocks every kernel that a backend has by now, on a backend whose kernels are done when they return (`wasm`, `cpu`). Ours
 * register at their first use: run the model once before.
 * @returns What was clocked until now, by kernel; and an end, which puts the kernels back.
 */
export function clockKernels(backendName: string): { read(): KernelTime[]; stop(): void } {
  const times = new Map<string, KernelTime>();
  /** What kernels took that were called by each of those under way. */
  const nested: number[] = [];
  const original = tf.getKernelsForBackend(backendName);
  const put = (kernel: tf.KernelConfig) => {
    tf.unregisterKernel(kernel.kernelName, backendName);
    tf.registerKernel(kernel);
  };
  for (const config of original) {
    put({
      ...config,
      kernelFunc: (call) => {
        nested.push(0);
        const begun = performance.now();
        const outputs = config.kernelFunc(call);
        const took = performance.now() - begun;
        const own = took - nested.pop()!;
        if (nested.length > 0) nested[nested.length - 1] += took;
        const time = times.get(config.kernelName) ?? emptyTime(config.kernelName);
        times.set(config.kernelName, time);
        time.calls++;
        time.milliseconds += own;
        time.bytes += [...Object.values(call.inputs), ...[outputs].flat()].reduce(
          (sum, info) => sum + (info ? bytesOf(info) : 0),
          0,
        );
        time.flops += flopsOf(config.kernelName, call, [outputs].flat());
        return outputs;
      },
    });
  }
  return { read: () => [...times.values()], stop: () => original.forEach(put) };
}

function emptyTime(kernel: string): KernelTime {
  return { kernel, calls: 0, milliseconds: 0, bytes: 0, flops: 0 };
}

function bytesOf({ shape, dtype }: tf.TensorInfo): number {
  return tf.util.sizeFromShape(shape) * tf.util.bytesPerElement(dtype);
}

/** Of a convolution, its gradients or a matrix product of ours; 0 for others. */
function flopsOf(kernel: string, { inputs, attrs }: Call, [output]: tf.TensorInfo[]): number {
  const size = ({ shape }: tf.TensorInfo) => tf.util.sizeFromShape(shape);
  if (kernel === 'UnitsphereMatMul') {
    const { a } = inputs as { a: tf.TensorInfo };
    return 2 * size(output) * a.shape[attrs?.['transposeA'] ? 0 : 1];
  }
  if (/^Unitsphere(Depthwise)?Conv2d/.test(kernel)) {
    const map = inputs['dy'] ?? output;
    const filter = inputs['filter']?.shape ?? (attrs?.['filterShape'] as unknown as number[]);
    // Each value of the map is a sum over the filter of its channel, whether dense or depthwise.
    return (2 * size(map) * tf.util.sizeFromShape(filter)) / map.shape[3];
  }
  return 0;
}
