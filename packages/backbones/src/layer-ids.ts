import type { Backbone } from './backbone.js';

// Key prefixes of the blocks in timm's and insightface's networks.
const BLOCK = /^(?:blocks\.\d+\.\d+|blocks\.\d+|layer\d+\.\d+|layers\.\d+)(?=\.)/;

/**
 * Computes the depth of each parameter: 0 for the stem, one more for each block. Layers after the last block belong to it.
 * Use it for layer-wise learning rate decay: a layer with id i gets decay^(count − i), where count is the last id plus one.
 * A new head after the backbone gets decay^0.
 * @returns The id by parameter key.
 * @see timm's `group_parameters` and `param_groups_layer_decay`, whose ids these are (`group_matcher(coarse=False)`).
 */
export function layerIds(backbone: Backbone): Map<string, number> {
  const ids = new Map<string, number>();
  let current: string | undefined;
  let id = 0;
  for (const [key] of backbone.namedParameters()) {
    const block = BLOCK.exec(key)?.[0];
    if (block !== undefined && block !== current) {
      // If the first parameter is in a block, that block is the stem.
      if (ids.size > 0) id++;
      current = block;
    }
    ids.set(key, id);
  }
  return ids;
}
