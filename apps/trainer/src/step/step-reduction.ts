import * as tf from '@tensorflow/tfjs-core';
import type { Communicator } from '@unitsphere/collectives';
import type { Buffer, Parameter } from '@unitsphere/core';
import { canOverlap, GradientStream } from './gradient-stream.js';

/** One replica's contribution to a step. */
export interface PartialStep {
  /** Gradients of the mean loss over the whole batch, from this replica's images. */
  gradients: (tf.Tensor | null)[];
  /** Numbers to sum over the replicas: squared norms, losses. */
  sums: readonly number[];
  /** This replica's fraction of the batch. */
  share: number;
}

/**
 * Reduces the replicas' contributions to one step. Gradients and numbers are summed, those of the network during its backward pass where
 * the communicator can. Running statistics are averaged over the replicas, weighted by their share of the batch. A running variance is
 * thus the variance within a replica's images, by which its batch norm divided; it excludes the variance between the replicas' means.
 */
export class StepReduction {
  #flat = new Float32Array(0);

  readonly #communicator: Communicator;
  readonly #parameters: readonly Parameter[];
  readonly #buffers: readonly Buffer[];
  readonly #stream: GradientStream | undefined;

  /**
   * @param parameters The network's trained parameters, whose gradients are the first ones of a step.
   * @param buffers The network's running statistics.
   */
  constructor(communicator: Communicator, parameters: readonly Parameter[], buffers: readonly Buffer[]) {
    this.#communicator = communicator;
    this.#parameters = parameters;
    this.#buffers = buffers;
    // WebGPU cannot read a gradient without waiting for the event loop.
    const isReadable = tf.getBackend() !== 'webgpu';
    this.#stream = canOverlap(communicator) && isReadable ? new GradientStream(communicator) : undefined;
  }

  /**
   * Begins a step. Returns the function that takes a gradient of the network as soon as it is complete; undefined if the communicator
   * cannot move data meanwhile. The rest is left to `reduce`.
   */
  begin(): GradientStream['add'] | undefined {
    this.#stream?.open(this.#parameters.reduce((sum, { variable }) => sum + variable.size, 0));
    return this.#stream?.add;
  }

  /** Disposes of the given gradients; the caller disposes of the returned ones. Results are bit-identical on every rank. */
  async reduce({ gradients, sums, share }: PartialStep): Promise<Omit<PartialStep, 'share'>> {
    if (this.#communicator.size === 1) return { gradients, sums };
    this.#stream?.close();
    const streamed = gradients.map((_, index) => this.#stream?.take(index));
    const statistics = this.#buffers.map(({ variable }) => variable);
    const sizes = [
      ...gradients.map((gradient, index) => (streamed[index] ? 0 : (gradient?.size ?? 0))),
      ...statistics.map(({ size }) => size),
    ];
    const length = sizes.reduce((sum, size) => sum + size, sums.length);
    if (this.#flat.length !== length) this.#flat = new Float32Array(length);
    const flat = this.#flat;
    let at = 0;
    for (const [index, gradient] of gradients.entries()) {
      if (!gradient || streamed[index]) continue;
      flat.set((await gradient.data()) as Float32Array, at);
      at += gradient.size;
    }
    for (const variable of statistics) {
      const values = (await variable.data()) as Float32Array;
      for (let i = 0; i < values.length; i++) flat[at + i] = values[i] * share;
      at += values.length;
    }
    flat.set(sums, at);
    this.#communicator.allReduce(flat, 'sum');
    at = 0;
    // Copies, because some backends keep the array that they are given.
    const next = (size: number) => {
      at += size;
      return flat.slice(at - size, at);
    };
    const reduced = gradients.map(
      (gradient, index) => gradient && tf.tensor(streamed[index] ?? next(gradient.size), gradient.shape),
    );
    tf.dispose(gradients.filter((gradient) => gradient !== null));
    for (const variable of statistics) {
      tf.tidy(() => variable.assign(tf.tensor(next(variable.size), variable.shape)));
    }
    return { gradients: reduced, sums: [...flat.subarray(at)] };
  }
}
