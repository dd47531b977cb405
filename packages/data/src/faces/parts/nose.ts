import { mix } from '../../drawing/color.js';
import type { Brush } from '../brush.js';
import type { Conditions } from '../conditions.js';
import type { Head, Pixel } from '../head.js';
import type { FaceIdentity } from '../identity.js';
import { ring } from './skin.js';

/** Paints the nose. */
export function paintNose(
  brush: Brush,
  head: Head,
  { nose, eyes, skin }: FaceIdentity,
  { light }: Conditions,
): void {
  const { length, width, bridge, height, tip } = nose;
  const dark = mix(skin, [66, 28, 24], 0.6);
  const top = eyes.y - 0.02;
  const ridge = (share: number): Pixel => head.at(0, top + (length - top) * share, height * share ** 1.2);
  const flank = (share: number, side: number): Pixel =>
    head.at(
      side * (bridge + (width - bridge) * share ** 1.5),
      top + (length - top) * share,
      height * 0.25 * share,
    );
  const shares = [0.05, 0.3, 0.55, 0.8, 1];
  const darkSide = light.x > 0 ? -1 : 1;
  brush.shape(
    [...shares.map(ridge), ...shares.map((share) => flank(share, darkSide)).reverse()],
    dark,
    0.12 + 0.32 * light.contrast,
  );
  brush.line(shares.map(ridge), mix(skin, [255, 255, 255], 0.55), 0.05, 0.22 + 0.2 * light.contrast);
  const bottom = length + 0.02;
  for (const side of [-1, 1]) {
    brush.line(
      [
        head.at(side * width * 0.92, length - 0.12, 0.05),
        head.at(side * width * 1.08, length - 0.02, 0.05),
        head.at(side * width * 0.86, bottom, 0.08),
      ],
      dark,
      0.034,
      0.75,
    );
    brush.shape(
      ring(head, side * width * 0.48, bottom, width * 0.24, 0.026, height * 0.6, 8),
      mix(dark, [20, 8, 8], 0.6),
      0.85,
    );
  }
  const ball = 0.07 + 0.06 * tip;
  brush.line(
    [
      head.at(-width * 0.3, bottom + 0.01, height * 0.8),
      head.at(0, bottom + 0.03, height * 0.9),
      head.at(width * 0.3, bottom + 0.01, height * 0.8),
    ],
    dark,
    0.03,
    0.5,
  );
  brush.glow(head.at(0, length - 0.06, height), ball * 1.6, mix(skin, [255, 250, 245], 0.75), 0.4);
}
