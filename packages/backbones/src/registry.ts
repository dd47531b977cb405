import type { Backbone, BackboneOptions } from './backbone.js';
import { lcnets } from './lcnet.js';

// A new family is one file and one line here.
const factories = { ...lcnets };

/** The name of a backbone, as timm has it. */
export type BackboneName = keyof typeof factories;

/** Every backbone's name. */
export function listBackbones(): BackboneName[] {
  return Object.keys(factories) as BackboneName[];
}

/**
 * Makes a backbone by timm's name, with seeded initial weights.
 * @throws Error for a name that is not in `listBackbones()`.
 */
export function createBackbone(name: BackboneName, options: BackboneOptions): Backbone {
  const factory = Object.hasOwn(factories, name) ? factories[name] : undefined;
  if (!factory)
    throw new Error(`createBackbone: there is no backbone "${name}". Known: ${listBackbones().join(', ')}.`);
  return factory(options);
}
