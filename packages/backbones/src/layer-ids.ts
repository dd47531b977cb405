import type { Backbone } from './backbone.js';

// The blocks of timm's and insightface's networks, by the beginnings of their keys.
const BLOCK = /^(?:blocks\.\d+\.\d+|blocks\.\d+|layer\d+\.\d+|layers\.\d+)(?=\.)/;

/**
 * How deep each parameter lies: 0 for the stem, one more for each block; what comes behind the last block belongs to it. For
 * learning rates that fall toward the stem: a layer of id i gets decay^(count − i), where the count is the last id plus one
 * and a new head, which is beyond the backbone, gets decay^0.
 * @returns The id by the parameter's key.
 * @see timm's `group_parameters` and `param_groups_layer_decay`, whose ids these are (`group_matcher(coarse=False)`).
 */
export function layerIds(backbone: Backbone): Map<string, number> {
  const ids = new Map<string, number>();
  let current: string | undefined;
  let id = 0;
  for (const [key] of backbone.namedParameters()) {
    const block = BLOCK.exec(key)?.[0];
    if (block !== undefined && block !== current) {
      // A network whose first parameter lies in a block has no other stem.
      if (ids.size > 0) id++;
      current = block;
    }
    ids.set(key, id);
  }
  return ids;
}
