import type * as tf from '@tensorflow/tfjs-core';
import { Backbone, type BackboneOptions, type FeatureInfo } from './backbone.js';
import type { Layer } from './layer.js';
import { runLayers } from './run-layers.js';

/** A named part of a sequential network; `map` is set if its output is a feature map. */
export interface Step {
  name: string;
  make(): Layer;
  map?: FeatureInfo;
}

/** A backbone that is a list of steps. Steps after the last requested map are not created. */
export class StepBackbone extends Backbone {
  override readonly featureInfo: readonly FeatureInfo[];
  /** The layers up to each requested map. */
  readonly #segments: readonly (readonly Layer[])[];

  /** @throws RangeError if outIndices is empty, not ascending or names a map that does not exist. */
  constructor(steps: readonly Step[], { outIndices }: Pick<BackboneOptions, 'outIndices'>) {
    super();
    const maps = steps.flatMap(({ map }, i) => (map ? [{ map, end: i + 1 }] : []));
    const chosen = chooseMaps(maps.length, outIndices).map((i) => maps[i]);
    this.featureInfo = chosen.map(({ map }) => map);
    let done = 0;
    this.#segments = chosen.map(({ end }) => {
      const part = steps.slice(done, end).map(({ name, make }) => this.child(name, make()));
      done = end;
      return part;
    });
  }

  override features(x: tf.Tensor4D): tf.Tensor4D[] {
    const maps: tf.Tensor4D[] = [];
    for (const layers of this.#segments) maps.push(runLayers(layers, maps.at(-1) ?? x));
    return maps;
  }
}

/** Returns the indices of the requested maps: outIndices after a check, or all of `count`. */
export function chooseMaps(count: number, outIndices?: readonly number[]): readonly number[] {
  if (!outIndices) return Array.from({ length: count }, (_, i) => i);
  const ascending = outIndices.every((index, i) => i === 0 || index > outIndices[i - 1]);
  const known = outIndices.every((index) => Number.isInteger(index) && index >= 0 && index < count);
  if (outIndices.length === 0 || !ascending || !known) {
    throw new RangeError(
      `outIndices must be ascending integers from 0 to ${count - 1}, not [${outIndices.join(', ')}].`,
    );
  }
  return outIndices;
}
