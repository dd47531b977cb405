import type { Random } from '@unitsphere/core/random';
import type { Rgb } from './color.js';

/** Something that lies over a card, in the card's coordinates: (0, 0) … (1, 1) is the card. */
export interface Occluder {
  /** Returns whether a position is covered. */
  covers(u: number, v: number): boolean;
  readonly color: Rgb;
}

/**
 * Draws a finger or a slip of paper that reaches in from a side of the card.
 * @param share Part of the card's area that is covered, about.
 */
export function drawOccluder(random: Random, share: number): Occluder {
  const isFinger = random.boolean(0.6);
  const width = isFinger ? random.uniform(0.14, 0.28) : random.uniform(0.3, 0.8);
  const depth = Math.min(0.95, share / width);
  const at = random.uniform(0, 1);
  const lean = random.uniform(-0.25, 0.25);
  const side = random.int(4);
  const tone = random.uniform(0.35, 1);
  return {
    color: isFinger
      ? [235 * tone, 180 * tone, 150 * tone]
      : [random.uniform(60, 250), random.uniform(60, 250), random.uniform(60, 250)],
    covers(u, v) {
      // Turned so that the occluder comes from u < 0.
      const inward = side === 0 ? u : side === 1 ? 1 - u : side === 2 ? v : 1 - v;
      const across = (side < 2 ? v : u) - at - lean * inward;
      if (inward > depth || Math.abs(across) > width / 2) return false;
      const beyond = inward - (depth - width / 2);
      return !isFinger || beyond < 0 || beyond * beyond + across * across < (width / 2) ** 2;
    },
  };
}
