import type { Random } from '@unitsphere/core/random';

/**
 * Draws `count` integers in [0, n): all different if there are that many. Otherwise each of them is drawn ⌊count / n⌋ or
 * ⌈count / n⌉ times.
 */
export function drawDistinct(random: Random, n: number, count: number): number[] {
  if (count === 1) return [random.int(n)];
  const drawn: number[] = [];
  while (drawn.length < count) {
    // Fisher–Yates that stores only the entries it has moved.
    const moved = new Map<number, number>();
    const wanted = Math.min(n, count - drawn.length);
    for (let i = 0; i < wanted; i++) {
      const j = i + random.int(n - i);
      drawn.push(moved.get(j) ?? j);
      moved.set(j, moved.get(i) ?? i);
    }
  }
  return drawn;
}
