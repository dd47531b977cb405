import type * as tf from '@tensorflow/tfjs-core';
import { Module } from './module.js';
import { runInSequence } from './run-in-sequence.js';

/** torch.nn.Sequential: modules that run one after another, named "0", "1", …. */
export class Sequential extends Module {
  readonly #modules: Module[];

  /** @param modules Modules in execution order; each takes the output of the one before. */
  constructor(...modules: Module<never, tf.Tensor>[]) {
    super();
    this.#modules = modules.map((module, i) => this.child(String(i), module) as unknown as Module);
  }

  override forward(x: tf.Tensor): tf.Tensor {
    return runInSequence(this.#modules, x, (module, value) => module.forward(value));
  }
}
