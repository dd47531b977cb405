import { mix, type Rgb } from '../../drawing/color.js';
import type { Brush } from '../brush.js';
import type { Conditions } from '../conditions.js';
import type { Head, Pixel } from '../head.js';
import type { FaceIdentity } from '../identity.js';
import { ring } from './skin.js';

const STEPS = 8;

/** Paints eyeballs, irises and lids. */
export function paintEyes(
  brush: Brush,
  head: Head,
  face: FaceIdentity,
  { expression, gaze, light }: Conditions,
): void {
  const { eyes, skin, seed } = face;
  const dark: Rgb = [32, 20, 18];
  const open = Math.max(0.012, eyes.open * (1 - 0.85 * expression.squint));
  for (const side of [-1, 1]) {
    const middle = side * eyes.apart;
    const at = (u: number, v: number): Pixel =>
      head.at(middle + u * eyes.width, eyes.y + v - eyes.tilt * u * side, 0.02);
    const lid = (direction: number, height: number): Pixel[] =>
      Array.from({ length: STEPS + 1 }, (_, k) => {
        const u = (2 * k) / STEPS - 1;
        return at(u, direction * height * (1 - u * u) ** 0.75);
      });
    const upper = lid(-1, open);
    const lower = lid(1, open * 0.72);
    const almond = [...upper, ...lower.slice(1, -1).reverse()];
    brush.shape(almond, mix([240, 238, 234], skin, 0.12));
    brush.curve(almond);
    brush.withClip(() => {
      const radius = eyes.irisRadius;
      const [gx, gy] = [gaze[0] * radius, gaze[1] * radius - open * 0.1];
      const [x, y] = [middle + gx, eyes.y + gy];
      brush.shape(ring(head, x, y, radius, radius, 0.02), eyes.iris);
      brush.curve(ring(head, x, y, radius, radius, 0.02));
      brush.stroke(mix(eyes.iris, dark, 0.6), 0.02);
      brush.shape(ring(head, x, y, radius * 0.46, radius * 0.46, 0.02), [12, 10, 12]);
      const glint = ring(
        head,
        x + light.x * radius * 0.45,
        y + light.y * radius * 0.45,
        radius * 0.22,
        radius * 0.22,
        0.02,
        6,
      );
      brush.shape(glint, [255, 255, 255], 0.9);
      brush.line(lid(-1, open * 0.92), dark, 0.05, 0.35);
    });
    brush.line(upper, dark, 0.03 + 0.035 * eyes.lashes, 0.92);
    brush.line(lower, mix(skin, [80, 34, 30], 0.6), 0.022, 0.7);
    // The fold of the upper lid.
    const fold = lid(-1, open + 0.035 + 0.03 * eyes.lid);
    brush.line(fold, mix(skin, [70, 30, 26], 0.6), 0.024, 0.25 + 0.45 * eyes.lid);
    brush.line(
      [at(side, 0), at(side * 1.12, 0.02)],
      mix(skin, [70, 30, 26], 0.6),
      0.02,
      seed % 2 ? 0.6 : 0.2,
    );
  }
}

/** Paints the eyebrows. */
export function paintBrows(
  brush: Brush,
  head: Head,
  { eyes, brows }: FaceIdentity,
  { expression }: Conditions,
): void {
  const { y, length, thickness, arch, tilt, color } = brows;
  for (const side of [-1, 1]) {
    const edge = (direction: number): Pixel[] =>
      Array.from({ length: 7 }, (_, k) => {
        const u = k / 3 - 1;
        const taper = u > 0 ? 1 - 0.75 * u ** 2 : 1 - 0.15 * u ** 2;
        const height = y - arch * (1 - 0.8 * (u - 0.12) ** 2) - tilt * u - 0.05 * expression.browRaise;
        return head.at(
          side * (eyes.apart * 1.03 + u * length),
          height + direction * thickness * 0.5 * taper,
          0.03,
        );
      });
    const shape = [...edge(-1), ...edge(1).reverse()];
    brush.shape(shape, color, 0.85);
  }
}
