import * as tf from '@tensorflow/tfjs-core';
import type { Module } from '@unitsphere/core';
import { type ImageStatistics, pixelTables } from '@unitsphere/ops';
import { buildNetwork } from './network/build-network.js';
import type { Network } from './network/step.js';
import { createEngine, type Engine } from './plan/engine.js';
import { Plan } from './plan/plan.js';
import { checkThreads } from './threads/check-threads.js';
import { traceForward } from './trace/trace.js';

/** Options of {@link compileNetwork}. */
export interface CompileNetworkOptions extends ImageStatistics {
  /** Height and width of the images in pixels. */
  size: readonly [height: number, width: number];
  /**
   * Threads that compute together, the caller's included; results do not depend on it. With WebAssembly, a page needs the headers
   * of cross-origin isolation for more than one, and its main thread is busy until a run ends. Default: 1.
   */
  threads?: number;
}

/** Number of traced images: more than one, so that the axis of the batch is recognized. */
const TRACED_BATCH = 2;

/** Most images that are planned at once; more do not run faster. */
const MOST_IMAGES = 64;

/** A network that runs without TensorFlow.js, on a memory of its own. */
export interface CompiledNetwork {
  /** Number of output values of an image. */
  readonly outputSize: number;
  /** Bytes of its memory: packed weights, and the values of the largest batch so far. */
  readonly bytes: number;
  /**
   * Computes the output of images.
   * @param pixels count × height × width × 3 bytes, RGB, row-major.
   * @returns float32, count × outputSize, row-major.
   * @throws RangeError if the bytes are not whole images; Error if the network is disposed, or one of its threads failed.
   */
  run(pixels: Uint8Array): Float32Array;
  /** Ends the threads, and releases the memory. The network can no longer be run. */
  dispose(): void;
}

/**
 * Compiles a network for inference with the kernels of `@unitsphere/ops`: WebAssembly, or the processor's own where
 * `@unitsphere/native` is installed. The network runs once on the current backend, in evaluation mode, while its operations are
 * recorded. Batch norms are folded, activations and sums are fused, weights are packed, and all values lie in one planned memory,
 * so a run allocates nothing and creates no tensor. Later changes of the module's weights have no effect.
 * @param module The network's modules by the prefix of their keys; only their parameters' names are used.
 * @param forward Maps images float32 [batch, height, width, 3] to values float32 [batch, outputSize].
 * @throws RangeError if `threads` is not a positive integer.
 * @throws Error if there are several threads, and they cannot share memory or cannot be started.
 * @throws UnsupportedNetworkError if the network has an operation that cannot be compiled.
 */
export async function compileNetwork(
  modules: Readonly<Record<string, Module>>,
  forward: (images: tf.Tensor4D) => tf.Tensor2D,
  { size: [height, width], threads = 1, ...statistics }: CompileNetworkOptions,
): Promise<CompiledNetwork> {
  checkThreads(threads);
  const x = tf.zeros<tf.Rank.R4>([TRACED_BATCH, height, width, 3]);
  try {
    const trace = await traceForward(modules, x, (images) => forward(images as tf.Tensor4D));
    const network = buildNetwork(trace);
    return createNetwork(network, pixelTables(statistics), [height, width], await createEngine(threads));
  } finally {
    x.dispose();
  }
}

function createNetwork(
  network: Network,
  tables: Float32Array,
  [height, width]: readonly [number, number],
  engine: Engine,
): CompiledNetwork {
  let plan: Plan | undefined;
  const dispose = () => {
    engine.wasmThreads?.close();
    plan = undefined;
  };
  try {
    plan = new Plan(network, tables, engine);
  } catch (error) {
    dispose();
    throw error;
  }
  const bytes = height * width * 3;
  const outputSize = network.output.size;
  return {
    outputSize,
    get bytes() {
      return plan?.bytes ?? 0;
    },
    run(pixels) {
      if (!plan) throw new Error('run: the network is disposed; compile it again to use it.');
      const count = pixels.length / bytes;
      if (!Number.isInteger(count)) {
        throw new RangeError(`run: ${pixels.length} bytes are not whole ${width}x${height} RGB images.`);
      }
      const output = new Float32Array(outputSize * count);
      for (let first = 0; first < count; first += MOST_IMAGES) {
        const here = Math.min(MOST_IMAGES, count - first);
        const part = pixels.subarray(first * bytes, (first + here) * bytes);
        output.set(plan.run(part, here), first * outputSize);
      }
      return output;
    },
    dispose,
  };
}
