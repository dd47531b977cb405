import type { Random } from '@unitsphere/core/random';
import { css, mix, type Rgb } from '../../drawing/color.js';
import type { Brush } from '../brush.js';
import type { Conditions } from '../conditions.js';
import type { Head, Pixel } from '../head.js';
import type { FaceIdentity } from '../identity.js';

/** Paints the background: a gradient, sometimes with blurred blobs. */
export function paintBackground(
  brush: Brush,
  { background }: Conditions,
  side: number,
  random: Random,
): void {
  const { context } = brush;
  const { low, high, turn, blobs } = background;
  const [dx, dy] = [(Math.cos(turn) * side) / 2, (Math.sin(turn) * side) / 2];
  const gradient = context.createLinearGradient(side / 2 - dx, side / 2 - dy, side / 2 + dx, side / 2 + dy);
  gradient.addColorStop(0, css(low));
  gradient.addColorStop(1, css(high));
  context.fillStyle = gradient;
  context.fillRect(0, 0, side, side);
  for (let k = 0; k < blobs; k++) {
    const [x, y] = [random.uniform(0, side), random.uniform(0, side)];
    const reach = random.uniform(0.12, 0.4) * side;
    const color: Rgb = mix(low, [random.int(256), random.int(256), random.int(256)], 0.35);
    const blob = context.createRadialGradient(x, y, reach * random.uniform(0, 0.8), x, y, reach);
    blob.addColorStop(0, css(color, 0.7));
    blob.addColorStop(1, css(color, 0));
    context.fillStyle = blob;
    context.fillRect(x - reach, y - reach, 2 * reach, 2 * reach);
  }
}

/** Paints neck, shoulders and clothes, which vary between the pictures of a person. */
export function paintBody(
  brush: Brush,
  head: Head,
  { skin }: FaceIdentity,
  { cloth, collar }: Conditions,
  side: number,
): void {
  const { unit } = brush;
  // The body follows only a part of the head's rotation.
  const [middle, high] = head.project([0, head.chin * 0.7, -0.1]);
  const x = middle * 0.8 + head.project([0, 0, 0])[0] * 0.2;
  const shoulder = head.project([0, 1.8, -0.3])[1];
  const neck: Pixel[] = [
    [middle - 0.5 * unit, high],
    [x - 0.46 * unit, (high + shoulder) / 2],
    [x - 0.62 * unit, shoulder],
    [x - 0.5 * unit, side],
    [x + 0.5 * unit, side],
    [x + 0.62 * unit, shoulder],
    [x + 0.46 * unit, (high + shoulder) / 2],
    [middle + 0.5 * unit, high],
  ];
  brush.curve(neck);
  brush.shade([x, shoulder], 1, mix(skin, [60, 34, 30], 0.22));
  // The chin's shadow.
  brush.curve(neck);
  brush.withClip(() =>
    brush.glow(head.project([0, head.chin, 0.1]), 0.75, mix(skin, [40, 20, 20], 0.75), 0.6),
  );
  const body: Pixel[] = [
    [x - 0.56 * unit, shoulder - 0.12 * unit],
    [x - 1.2 * unit, shoulder + 0.1 * unit],
    [x - 2 * unit, shoulder + 0.6 * unit],
    [x - 2.2 * unit, side + unit],
    [x + 2.2 * unit, side + unit],
    [x + 2 * unit, shoulder + 0.6 * unit],
    [x + 1.2 * unit, shoulder + 0.1 * unit],
    [x + 0.56 * unit, shoulder - 0.12 * unit],
    [x, shoulder + (collar === 0 ? 0.15 : 0.45) * unit],
  ];
  brush.curve(body);
  brush.shade([x, side], 2, cloth);
  if (collar === 2) {
    for (const direction of [-1, 1]) {
      brush.shape(
        [
          [x + direction * 0.58 * unit, shoulder - 0.16 * unit],
          [x + direction * 0.72 * unit, shoulder + 0.14 * unit],
          [x + direction * 0.2 * unit, shoulder + 0.5 * unit],
        ],
        mix(cloth, [255, 255, 255], 0.5),
      );
    }
  }
}
