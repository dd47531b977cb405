import type { Buffer, Parameter } from '@unitsphere/core';
import { nearest } from '../nearest.js';
import { UserError } from '../user-error.js';
import type { EmbeddingModel } from './embedding-model.js';

/** What of a model is trained, and what stays as it is. */
export class Frozen {
  readonly #model: EmbeddingModel;
  readonly #prefixes: readonly string[];

  /** @throws UserError where a beginning is of nothing in the model, or nothing is left to train. */
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
      throw new UserError('model.freeze names all of the model; there is nothing left to train');
    }
  }

  /** The parameters that are trained, by name. */
  trained(): [string, Parameter][] {
    return this.#model.namedParameters().filter(([name]) => !this.#has(name));
  }

  /** The running averages that training moves. */
  movingBuffers(): Buffer[] {
    return this.#model
      .namedBuffers()
      .filter(([name]) => !this.#has(name))
      .map(([, buffer]) => buffer);
  }

  /** Puts the model in training mode; what is frozen stays as in evaluation, so that batch norm uses its running averages. */
  train(): void {
    this.#model.train();
    for (const [name, module] of this.#model.namedModules()) if (this.#has(name)) module.eval();
  }

  #has(name: string): boolean {
    return this.#prefixes.some((prefix) => within(name, prefix));
  }
}

const within = (name: string, prefix: string) => name === prefix || name.startsWith(`${prefix}.`);
