import * as tf from '@tensorflow/tfjs-core';

/** Tensors of an asynchronous computation, which tf.tidy cannot dispose. */
export class TrackedTensors {
  readonly #tensors = new Set<tf.Tensor>();

  /** Adds a tensor to those that are disposed and returns it. */
  track<T extends tf.Tensor>(tensor: T): T {
    this.#tensors.add(tensor);
    return tensor;
  }

  /** Removes a tensor from those that are disposed. */
  keep(tensor: tf.Tensor): void {
    this.#tensors.delete(tensor);
  }

  /** Disposes all tracked tensors. */
  dispose(): void {
    tf.dispose([...this.#tensors]);
  }
}
