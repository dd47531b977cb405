import type { Buffer, Parameter } from '@unitsphere/core';
import type { EmbeddingModel } from '@unitsphere/embedder';
import { nearest } from '../nearest.js';
import { UserError } from '../user-error.js';

/** Divides a model into trained and frozen parts. */
export class Frozen {
  readonly #model: EmbeddingModel;
  readonly #prefixes: readonly string[];

  /**
   * @param prefixes Names of modules or parameters to freeze, for example `backbone.blocks.0`.
   * @throws UserError if a prefix matches nothing in the model, or if nothing is left to train.
   */
  constructor(model: EmbeddingModel, prefixes: readonly string[]) {
    this.#model = model;
    this.#prefixes = prefixes;

    const names = model.namedModules().map(([name]) => name);
    const keys = model.namedParameters().map(([name]) => name);
    for (const prefix of prefixes) {
      if ([...names, ...keys].some((name) => within(name, prefix))) continue;
      const similar = nearest(prefix, names);
      throw new UserError(`model.freeze: the model has no "${prefix}"`, {
        hint: similar ? `Did you mean ${similar}?` : `Its parts: ${names.slice(1, 8).join(', ')}, …`,
      });
    }
    if (this.trained().length === 0) {
      throw new UserError('model.freeze names the whole model, so nothing is left to train', {
        hint: 'Leave at least the head out of model.freeze.',
      });
    }
  }

  /** Returns the trained parameters with their names. */
  trained(): [string, Parameter][] {
    return this.#model.namedParameters().filter(([name]) => !this.#has(name));
  }

  /** Returns the running statistics of layers that are not frozen. */
  movingBuffers(): Buffer[] {
    return this.#model
      .namedBuffers()
      .filter(([name]) => !this.#has(name))
      .map(([, buffer]) => buffer);
  }

  /** Puts the model in training mode. Frozen modules stay in evaluation mode, so that their batch norms use running statistics. */
  train(): void {
    this.#model.train();
    for (const [name, module] of this.#model.namedModules()) if (this.#has(name)) module.eval();
  }

  #has(name: string): boolean {
    return this.#prefixes.some((prefix) => within(name, prefix));
  }
}

const within = (name: string, prefix: string) => name === prefix || name.startsWith(`${prefix}.`);
