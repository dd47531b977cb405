/** Speed of a graphics card, from its data sheet. */
export interface GraphicsCard {
  /** Bytes per second of its memory. */
  bandwidth: number;
  /** Float32 operations per second. */
  flops: number;
}

/** Cards by name. */
export const GRAPHICS_CARDS: Readonly<Record<string, GraphicsCard>> = {
  'rtx-3060': { bandwidth: 360e9, flops: 12.7e12 },
  'rtx-4090': { bandwidth: 1008e9, flops: 82.6e12 },
  l4: { bandwidth: 300e9, flops: 30.3e12 },
  a100: { bandwidth: 1555e9, flops: 19.5e12 },
  h100: { bandwidth: 3350e9, flops: 66.9e12 },
  h200: { bandwidth: 4800e9, flops: 66.9e12 },
};

/**
 * Computes the least time in which a card can run a kernel's work: the longer one of its memory's and its arithmetic's time, and
 * the cost of its launches.
 */
export function computeBestTime(
  { bytes, flops, dispatches }: { bytes: number; flops: number; dispatches: number },
  card: GraphicsCard,
  launchMicroseconds: number,
): { work: number; launches: number } {
  return {
    work: 1000 * Math.max(bytes / card.bandwidth, flops / card.flops),
    launches: (dispatches * launchMicroseconds) / 1000,
  };
}
