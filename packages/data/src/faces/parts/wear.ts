import { mix } from '../../drawing/color.js';
import type { Brush } from '../brush.js';
import type { Conditions } from '../conditions.js';
import type { Head, Pixel } from '../head.js';
import type { FaceIdentity } from '../identity.js';

/** Paints glasses or sunglasses. */
export function paintEyewear(
  brush: Brush,
  head: Head,
  { eyes }: FaceIdentity,
  { eyewear }: Conditions,
): void {
  const { kind, color, round, size } = eyewear;
  if (kind === 'none') return;
  const lift = 0.16;
  for (const side of [-1, 1]) {
    const power = 2 + 3 * (1 - round);
    const rim: Pixel[] = Array.from({ length: 16 }, (_, k) => {
      const turn = (2 * Math.PI * k) / 16;
      const [c, s] = [Math.cos(turn), Math.sin(turn)];
      const reach = (Math.abs(c) ** power + Math.abs(s) ** power) ** (-1 / power);
      return head.at(
        side * (eyes.apart + 0.01) + size * 1.15 * reach * c,
        eyes.y + 0.03 + size * 0.85 * reach * s,
        lift,
      );
    });
    if (kind === 'sunglasses') brush.shape(rim, mix(color, [12, 12, 14], 0.7), 0.93);
    else brush.shape(rim, [235, 244, 255], 0.1);
    brush.curve(rim);
    brush.stroke(color, 0.045);
    brush.line(
      [head.at(side * (eyes.apart + size * 1.16), eyes.y, lift), head.edge(eyes.y + 0.02, side, 0.01)],
      color,
      0.045,
    );
  }
  const inner = eyes.apart - size * 1.12;
  brush.line(
    [head.at(-inner, eyes.y, lift), head.at(0, eyes.y - 0.04, lift + 0.06), head.at(inner, eyes.y, lift)],
    color,
    0.04,
  );
}

/** Paints a cap or a beanie over the hair. */
export function paintHeadwear(brush: Brush, head: Head, _: FaceIdentity, { headwear }: Conditions): void {
  const { kind, color } = headwear;
  if (kind === 'none') return;
  const low = kind === 'cap' ? -0.5 : -0.46;
  const edge = (side: number): Pixel[] =>
    head.edges(low + 0.1, head.crown, side, 8, (share) => 0.1 + 0.08 * share).slice(0, -1);
  const front = [-0.9, -0.5, 0, 0.5, 0.9].map((u) => head.at(u * head.width(low), low + 0.06 * u * u, 0.09));
  brush.curve([
    ...edge(-1),
    head.project([0, head.crown - 0.16, 0]),
    ...edge(1).reverse(),
    ...[...front].reverse(),
  ]);
  brush.shade(head.at(0, -0.9), 1.1, color);
  if (kind === 'cap') {
    const brim = [-0.86, -0.5, 0, 0.5, 0.86].map((u) =>
      head.project([
        u * head.width(low),
        low + 0.1 - 0.05 * u * u,
        head.surfacePoint(u * 0.8, low)[2] + 0.12 + 0.75 * (1 - u * u),
      ]),
    );
    brush.curve([...front, ...brim.reverse()]);
    brush.shade(head.at(0, low), 0.8, mix(color, [0, 0, 0], 0.25));
  } else {
    brush.line(front, mix(color, [0, 0, 0], 0.3), 0.16, 0.55);
  }
}
