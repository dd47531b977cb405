import * as tf from '@tensorflow/tfjs-core';
import type { Module } from '@unitsphere/core';
import { type ImageStatistics, pixelTables } from '@unitsphere/ops';
import { buildNetwork } from './network/build-network.js';
import { Plan } from './plan/plan.js';
import { traceForward } from './trace/trace.js';

/** Options of {@link compileNetwork}. */
export interface CompileNetworkOptions extends ImageStatistics {
  /** Height and width of the images in pixels. */
  size: readonly [height: number, width: number];
  /**
   * Threads that compute an image's layers together with `@unitsphere/native`; results do not depend on it. WebAssembly runs on the
   * calling thread. Default: 1.
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
   * @throws RangeError if the bytes are not whole images.
   */
  run(pixels: Uint8Array): Float32Array;
}

/**
 * Compiles a network for inference with the kernels of `@unitsphere/ops`: WebAssembly, or the processor's own where
 * `@unitsphere/native` is installed. The network runs once on the current backend, in evaluation mode, while its operations are
 * recorded. Batch norms are folded, activations and sums are fused, weights are packed, and all values lie in one planned memory,
 * so a run allocates nothing and creates no tensor. Later changes of the module's weights have no effect.
 * @param module The network's modules by the prefix of their keys; only their parameters' names are used.
 * @param forward Maps images float32 [batch, height, width, 3] to values float32 [batch, outputSize].
 * @throws RangeError if `threads` is not a positive integer.
 * @throws UnsupportedNetworkError if the network has an operation that cannot be compiled.
 */
export async function compileNetwork(
  modules: Readonly<Record<string, Module>>,
  forward: (images: tf.Tensor4D) => tf.Tensor2D,
  { size: [height, width], threads = 1, ...statistics }: CompileNetworkOptions,
): Promise<CompiledNetwork> {
  if (!Number.isInteger(threads) || threads < 1) {
    throw new RangeError(`compileNetwork: threads must be a positive integer, not ${threads}.`);
  }
  const x = tf.zeros<tf.Rank.R4>([TRACED_BATCH, height, width, 3]);
  try {
    const trace = await traceForward(modules, x, (images) => forward(images as tf.Tensor4D));
    const network = buildNetwork(trace);
    const plan = new Plan(network, pixelTables(statistics), threads);
    const bytes = height * width * 3;
    const outputSize = network.output.size;
    return {
      outputSize,
      get bytes() {
        return plan.bytes;
      },
      run(pixels) {
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
    };
  } finally {
    x.dispose();
  }
}
