import { mix } from '../../drawing/color.js';
import type { Brush } from '../brush.js';
import type { Conditions } from '../conditions.js';
import type { Head, Pixel } from '../head.js';
import type { FaceIdentity } from '../identity.js';

/** Paints the beard. Must be painted before the mouth, which covers it. */
export function paintBeard(brush: Brush, head: Head, face: FaceIdentity, { expression }: Conditions): void {
  const { beard, mouth, hair, skin, nose } = face;
  if (beard === 'none') return;
  const color = mix(hair.color, skin, 0.15);
  const drop = expression.open * 0.14;
  const { width, y } = mouth;
  if (beard === 'full' || beard === 'stubble') {
    const alpha = beard === 'full' ? 0.9 : 0.32;
    const side = (direction: number): Pixel[] => [
      head.edge(0.12, direction, 0.01),
      ...head.edges(0.4, head.chin * 0.97, direction, 5, (share) =>
        beard === 'full' ? 0.03 + 0.06 * share : 0,
      ),
    ];
    const upper = [0.93, 0.8, 0.55, 0.3].map((u, k) => [u, [0.16, 0.42, 0.62, 0.66][k]] as const);
    const inner = [
      ...upper.map(([u, v]) => head.at(-u * head.width(v), v, 0.02)),
      head.at(0, nose.length + 0.13, 0.03),
      ...[...upper].reverse().map(([u, v]) => head.at(u * head.width(v), v, 0.02)),
    ];
    brush.curve([...side(-1), ...side(1).reverse(), ...inner.reverse()]);
    brush.fill(color, alpha);
  }
  if (beard === 'goatee') {
    const chin = head.chin;
    const around = [
      head.at(-width * 0.8, y + 0.1, 0.03),
      head.at(-width * 0.75, chin * 0.86, 0.03),
      head.at(0, chin * 0.985, 0.03),
      head.at(width * 0.75, chin * 0.86, 0.03),
      head.at(width * 0.8, y + 0.1, 0.03),
      head.at(0, y + 0.14 + drop, 0.04),
    ];
    brush.shape(around, color, 0.85);
  }
  if (beard === 'moustache' || beard === 'goatee' || beard === 'full') {
    const middle = (nose.length + y) / 2 + 0.05;
    const half = (direction: number): Pixel[] => [
      head.at(direction * 0.1, middle - 0.06, 0.07),
      head.at(direction * width * 0.7, middle - 0.01, 0.06),
      head.at(direction * width * 1.15, y + 0.03, 0.04),
      head.at(direction * width * 0.6, y - 0.03, 0.06),
    ];
    brush.shape([...half(-1), ...half(1).reverse()], color, 0.92);
  }
}
