import { mix } from '../../drawing/color.js';
import type { Brush } from '../brush.js';
import type { Conditions } from '../conditions.js';
import type { Head, Pixel } from '../head.js';
import type { FaceIdentity } from '../identity.js';

/** Paints lips and teeth. */
export function paintMouth(
  brush: Brush,
  head: Head,
  { mouth, skin }: FaceIdentity,
  { expression }: Conditions,
): void {
  const { smile, open } = expression;
  const gap = open * 0.16;
  const width = mouth.width * (1 + 0.22 * Math.max(0, smile) - 0.1 * open);
  const lift = 0.07 * smile;
  // u runs along the mouth from −1 to 1; a smile raises the corners.
  const at = (u: number, v: number): Pixel => head.at(u * width, mouth.y + v - lift * (u * u - 0.35), 0.06);
  const us = [-1, -0.6, -0.3, 0, 0.3, 0.6, 1];
  const round = (u: number) => Math.sqrt(Math.max(0, 1 - u * u));
  const bow = (u: number) => 1 - 0.35 * mouth.bow * Math.exp(-((u / 0.18) ** 2));
  const upperEdge = us.map((u) => at(u, -mouth.upper * round(u) ** 1.3 * bow(u)));
  const upperLine = us.map((u) => at(u, -gap * 0.25 * round(u)));
  const lowerLine = us.map((u) => at(u, gap * round(u)));
  const lowerEdge = us.map((u) => at(u, (mouth.lower + gap) * round(u)));
  const dark = mix(mouth.color, [40, 12, 14], 0.7);
  if (gap > 0.02) {
    const inside = [...upperLine, ...lowerLine.slice(1, -1).reverse()];
    brush.shape(inside, [58, 18, 20]);
    brush.curve(inside);
    brush.withClip(() => {
      const teeth = us.map((u) => at(u * 0.85, -gap * 0.2 + 0.055 * round(u)));
      brush.shape([...upperLine, ...teeth.reverse()], [236, 232, 222], 0.95);
    });
  }
  brush.shape([...upperEdge, ...upperLine.slice(1, -1).reverse()], mix(mouth.color, [60, 20, 22], 0.18));
  brush.shape([...lowerLine, ...lowerEdge.slice(1, -1).reverse()], mouth.color);
  brush.line(upperLine, dark, 0.03, gap > 0.02 ? 0.5 : 0.85);
  brush.line(
    us.slice(2, 5).map((u) => at(u, gap + mouth.lower * 0.5)),
    mix(mouth.color, [255, 255, 255], 0.6),
    0.03,
    0.35,
  );
  brush.line(
    us.slice(1, 6).map((u) => at(u * 0.8, (mouth.lower + gap) * 1.15 + 0.02)),
    mix(skin, [70, 30, 26], 0.6),
    0.03,
    0.25,
  );
}
