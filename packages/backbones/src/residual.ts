import * as tf from '@tensorflow/tfjs-core';
import { DropPath, Module, type Random } from '@unitsphere/core';
import { relu } from '@unitsphere/ops';
import type { Layer } from './layer.js';
import { runLayers } from './run-layers.js';

/** Shortcut and activation of a residual block. */
export interface ResidualOptions {
  /** Added to the branch: nothing, the input, or the output of a named module. Default 'none'. */
  shortcut?: 'none' | 'identity' | { name: string; layer: Layer };
  /** Activation of the sum. Default: none. */
  activation?: 'relu';
  /** Stochastic depth of the branch. Default: none. */
  dropPath?: { rate: number; random: Random };
}

/** Named layers in sequence, with a shortcut around them (He et al., 2015). */
export class Residual extends Module<tf.Tensor4D, tf.Tensor4D> {
  readonly #branch: Layer[];
  readonly #shortcut: 'none' | 'identity' | Layer;
  readonly #activation: 'relu' | undefined;
  readonly #dropPath: DropPath<tf.Tensor4D> | undefined;

  constructor(layers: readonly (readonly [name: string, layer: Layer])[], options: ResidualOptions = {}) {
    super();
    const { shortcut = 'none', activation, dropPath } = options;
    this.#branch = layers.map(([name, layer]) => this.child(name, layer));
    this.#shortcut = typeof shortcut === 'string' ? shortcut : this.child(shortcut.name, shortcut.layer);
    this.#activation = activation;
    if (dropPath && dropPath.rate > 0 && shortcut !== 'none') {
      const random = dropPath.random.fork('drop_path');
      this.#dropPath = this.child('drop_path', new DropPath<tf.Tensor4D>(dropPath.rate, random));
    }
  }

  override forward(x: tf.Tensor4D): tf.Tensor4D {
    const branch = runLayers(this.#branch, x);
    if (this.#shortcut === 'none') return branch;
    const past = this.#shortcut === 'identity' ? x : this.#shortcut.forward(x);
    const sum = tf.add(this.#dropPath?.forward(branch) ?? branch, past) as tf.Tensor4D;
    return this.#activation ? relu(sum) : sum;
  }
}
