import { Random } from '@unitsphere/core/random';
import { mix } from '../../drawing/color.js';
import type { Brush } from '../brush.js';
import type { Head, Pixel } from '../head.js';
import type { FaceIdentity } from '../identity.js';

/** Returns the points of an ellipse on the face's surface. */
export function ring(
  head: Head,
  x: number,
  y: number,
  rx: number,
  ry: number,
  lift = 0,
  count = 10,
): Pixel[] {
  return Array.from({ length: count }, (_, k) => {
    const turn = (2 * Math.PI * k) / count;
    return head.at(x + rx * Math.cos(turn), y + ry * Math.sin(turn), lift);
  });
}

/** Paints the ears. */
export function paintEars(brush: Brush, head: Head, { skin, ears }: FaceIdentity): void {
  const { y, size, out } = ears;
  for (const side of [-1, 1]) {
    const w = head.width(y) - 0.04;
    // The slope in depth shows more of the ear that is nearer to the camera.
    const at = (u: number, v: number): Pixel => head.project([side * (w + u), y + v, -0.12 - 0.2 * u]);
    const outline = [
      at(-0.05, -size * 0.8),
      at(out, -size),
      at(out * 1.5, -size * 0.35),
      at(out * 0.9, size * 0.45),
      at(0, size * 0.9),
      at(-0.08, size * 0.3),
    ];
    brush.curve(outline);
    brush.shade(at(0, 0), 0.5, mix(skin, [170, 70, 60], 0.16));
    brush.line(
      [at(out * 0.5, -size * 0.65), at(out * 0.95, -size * 0.2), at(out * 0.4, size * 0.4)],
      mix(skin, [70, 30, 26], 0.5),
      0.035,
      0.6,
    );
  }
}

/** Returns the outline of the head: from the left over the crown to the right and back along the chin. */
export function outline(head: Head): Pixel[] {
  const { crown, chin } = head;
  const up = (side: number) => head.edges(0.1, crown, side, 9);
  const down = (side: number) => head.edges(0.1, chin, side, 9).slice(1);
  return [...up(-1), ...up(1).reverse().slice(1), ...down(1), ...down(-1).reverse().slice(1)];
}

/** Paints the skin with its hollows, redness and wrinkles. */
export function paintSkin(brush: Brush, head: Head, face: FaceIdentity): void {
  const { skin, eyes, nose, mouth, flush, age } = face;
  const dark = mix(skin, [70, 30, 26], 0.55);
  brush.shade(head.at(0, 0.1), 1.05, skin);
  const hollow = 0.14 + 0.24 * eyes.depth;
  for (const side of [-1, 1]) {
    brush.glow(head.at(side * eyes.apart, eyes.y - 0.04), 0.34, dark, hollow);
    brush.glow(head.at(side * 0.55, 0.42), 0.36, mix(skin, [205, 70, 60], 0.6), 0.12 + 0.3 * flush);
    brush.glow(head.edge(head.chin * 0.72, side), 0.5, dark, 0.2);
    if (age > 0) {
      const alpha = 0.2 + 0.45 * age;
      brush.line(
        [
          head.at(side * (nose.width + 0.05), nose.length - 0.04),
          head.at(side * (mouth.width + 0.06), mouth.y - 0.12),
          head.at(side * (mouth.width + 0.07), mouth.y + 0.04),
        ],
        dark,
        0.03,
        alpha,
      );
      brush.line(
        [
          head.at(side * (eyes.apart - 0.14), eyes.y + 0.14),
          head.at(side * eyes.apart, eyes.y + 0.18),
          head.at(side * (eyes.apart + 0.14), eyes.y + 0.13),
        ],
        dark,
        0.025,
        alpha * 0.8,
      );
    }
  }
  if (age > 0.35) {
    for (const y of [-0.46, -0.58]) {
      brush.line([head.at(-0.4, y), head.at(0, y - 0.03), head.at(0.4, y)], dark, 0.022, 0.35 * age);
    }
  }
  brush.glow(head.at(0, mouth.y + 0.24), 0.22, dark, 0.22);
  brush.glow(head.at(0, head.chin * 0.92), 0.26, mix(skin, [255, 255, 255], 0.4), 0.16);
}

/** Paints moles, freckles and the birthmark. */
export function paintMarks(
  brush: Brush,
  head: Head,
  { skin, moles, birthmark, freckles, seed }: FaceIdentity,
): void {
  if (birthmark) {
    const { x, y, radius, color } = birthmark;
    const random = new Random(seed, 'birthmark');
    const patch = Array.from({ length: 9 }, (_, k) => {
      const turn = (2 * Math.PI * k) / 9;
      const reach = radius * random.uniform(0.6, 1.3);
      return head.at(x + reach * Math.cos(turn), y + reach * Math.sin(turn));
    });
    brush.shape(patch, mix(skin, color, 0.7), 0.85);
  }
  if (freckles > 0) {
    const random = new Random(seed, 'freckles');
    const color = mix(skin, [140, 74, 40], 0.55);
    for (let k = 0; k < 46; k++) {
      const [x, y] = [random.uniform(-0.72, 0.72), random.uniform(0.12, 0.56)];
      const radius = random.uniform(0.01, 0.022);
      brush.shape(ring(head, x, y, radius, radius, 0, 6), color, 0.6 * freckles);
    }
  }
  for (const { x, y, radius } of moles) {
    const clampedX = Math.min(Math.abs(x), head.width(y) * 0.9) * Math.sign(x);
    brush.shape(ring(head, clampedX, y, radius, radius, 0, 7), mix(skin, [46, 24, 18], 0.8), 0.9);
  }
}
