import type * as tf from '@tensorflow/tfjs-core';
import { inTurn } from './in-turn.js';
import { Module } from './module.js';

/** Modules one after another, named "0", "1", … as in torch.nn.Sequential. */
export class Sequential extends Module {
  readonly #modules: Module[];

  /** @param modules Each takes what the one before it gives. */
  constructor(...modules: Module<never, tf.Tensor>[]) {
    super();
    this.#modules = modules.map((module, i) => this.child(String(i), module) as unknown as Module);
  }

  override forward(x: tf.Tensor): tf.Tensor {
    return inTurn(this.#modules, x, (module, value) => module.forward(value));
  }
}
