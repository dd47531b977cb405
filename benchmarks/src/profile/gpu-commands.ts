import * as tf from '@tensorflow/tfjs-core';
import { countBytes, countFlops } from './kernel-clock.js';
import { wrapKernels } from './wrap-kernels.js';

/** Commands that a kernel recorded for the GPU, and its work. */
export interface KernelCommands {
  kernel: string;
  calls: number;
  dispatches: number;
  /** Bytes of its inputs and outputs, each counted once: the least that it moves. */
  bytes: number;
  /** Floating-point operations of convolutions and matrix products, two for each multiply-add; 0 for other kernels. */
  flops: number;
}

/** Commands of the whole program. */
export interface GpuCommands {
  kernels: KernelCommands[];
  submits: number;
  /** Buffers that were mapped for reading, each of which waits for the GPU. */
  readBacks: number;
  /** Uploads of values to buffers. */
  writes: number;
}

type Methods = { [name: string]: ((...args: unknown[]) => unknown) | undefined };

/** Name of the commands that no kernel records. A command counts for the outermost kernel that runs. */
const OUTSIDE = 'outside kernels';

/**
 * Counts what is recorded for the GPU on the current `webgpu` backend. A kernel that calls others is charged for their commands,
 * and their bytes and operations are its own.
 * @returns `read`, which returns the counts so far, and `stop`, which removes the counters.
 */
export function countGpuCommands(): { read(): GpuCommands; stop(): void } {
  const counts = new Map<string, KernelCommands>();
  const totals = { submits: 0, readBacks: 0, writes: 0 };
  const running: string[] = [];
  const countOf = (kernel: string) => {
    const found = counts.get(kernel) ?? { kernel, calls: 0, dispatches: 0, bytes: 0, flops: 0 };
    counts.set(kernel, found);
    return found;
  };
  const restore: (() => void)[] = [];
  const watch = (type: string, method: string, count: () => void) => {
    const { prototype } = (globalThis as unknown as Record<string, { prototype: Methods }>)[type];
    const original = prototype[method];
    prototype[method] = function (this: unknown, ...args: unknown[]) {
      count();
      return original?.apply(this, args);
    };
    restore.push(() => {
      prototype[method] = original;
    });
  };
  watch('GPUComputePassEncoder', 'dispatchWorkgroups', () => countOf(running[0] ?? OUTSIDE).dispatches++);
  watch('GPUQueue', 'submit', () => totals.submits++);
  watch('GPUQueue', 'writeBuffer', () => totals.writes++);
  watch('GPUBuffer', 'mapAsync', () => totals.readBacks++);
  restore.push(
    wrapKernels(tf.getBackend(), (name, run) => (call) => {
      running.push(name);
      try {
        const outputs = run(call);
        if (running.length === 1) {
          const count = countOf(name);
          count.calls++;
          const infos = [...Object.values(call.inputs), ...[outputs].flat()];
          count.bytes += infos.reduce((sum, info) => sum + (info ? countBytes(info) : 0), 0);
          count.flops += countFlops(name, call, [outputs].flat());
        }
        return outputs;
      } finally {
        running.pop();
      }
    }),
  );
  return {
    read: () => ({ kernels: [...counts.values()].map((count) => ({ ...count })), ...totals }),
    stop: () => {
      for (const undo of restore) undo();
    },
  };
}
