import type { Conditions } from './conditions.js';
import type { FaceIdentity } from './identity.js';

/** A point of the face: x, y, z in half head widths. */
export type Point = readonly [number, number, number];
/** A point of the picture, in pixels. */
export type Pixel = readonly [number, number];

/** Relative growth per half head width toward the camera. */
const PERSPECTIVE = 0.13;

/** A person's head in the pose of a picture, modeled as horizontal elliptical slices seen in perspective. */
export class Head {
  /** Half the head's width in pixels. */
  readonly unit: number;
  /** Heights of the top and the bottom of the head. */
  readonly crown: number;
  readonly chin: number;
  readonly #widths: readonly Pixel[];
  readonly #sin: readonly number[];
  readonly #cos: readonly number[];
  readonly #middle: Pixel;

  /** @param side Side of the picture in pixels. */
  constructor({ head }: FaceIdentity, { yaw, pitch, roll, scale, x, y }: Conditions, side: number) {
    this.unit = scale * side;
    this.#middle = [x * side, y * side];
    this.#sin = [yaw, pitch, roll].map(Math.sin);
    this.#cos = [yaw, pitch, roll].map(Math.cos);
    this.crown = -1.24 * head.crown;
    this.chin = 1.2 * head.chin;
    const { width, temple, cheek, jaw, chinWidth } = head;
    const heights: Pixel[] = [
      [0, 0],
      [0.1, 0.5],
      [0.32, 0.82],
      [0.65, temple],
      [1, cheek],
    ].map(([share, w]) => [this.crown * (1 - share), w * width]);
    const below: Pixel[] = [
      [0.3, cheek * 0.985],
      [0.62, (jaw + cheek) / 2 - 0.015],
      [0.8, jaw * 0.87],
      [0.91, chinWidth + 0.15],
      [1, 0],
    ].map(([share, w]) => [this.chin * share, w * width]);
    this.#widths = [...heights, ...below];
    this.#depthFactor = head.depth;
  }

  readonly #depthFactor: number;

  /** Returns half the head's width at a height. */
  width(y: number): number {
    const widths = this.#widths;
    let k = 1;
    while (k < widths.length - 1 && widths[k][0] < y) k++;
    const [y0, w0] = widths[k - 1];
    const [y1, w1] = widths[k];
    const t = Math.min(1, Math.max(0, (y - y0) / (y1 - y0)));
    // The head is round at its top and bottom.
    if (w0 === 0) return w1 * Math.sqrt(1 - (1 - t) ** 2);
    if (w1 === 0) return w0 * Math.sqrt(1 - t ** 2);
    const before = widths[Math.max(0, k - 2)][1];
    const after = widths[Math.min(widths.length - 1, k + 1)][1];
    return (
      0.5 *
      (2 * w0 +
        (w1 - before) * t +
        (2 * before - 5 * w0 + 4 * w1 - after) * t ** 2 +
        (3 * w0 - before - 3 * w1 + after) * t ** 3)
    );
  }

  /** Returns the center of a slice, which moves forward toward the chin, and half its depth. */
  #slice(y: number): { middle: number; depth: number } {
    const down = Math.max(0, y / this.chin);
    const width = this.width(y);
    return {
      middle: 0.42 * down ** 1.5,
      depth: this.#depthFactor * (1 - 0.55 * down ** 1.3) * Math.min(1, width + 0.12),
    };
  }

  /** Returns the point of the face's surface at (x, y), moved forward by `lift`. */
  surfacePoint(x: number, y: number, lift = 0): Point {
    const { middle, depth } = this.#slice(y);
    const across = Math.min(0.999, Math.abs(x) / Math.max(1e-6, this.width(y)));
    return [x, y, middle + depth * Math.sqrt(1 - across ** 2) + lift];
  }

  /** Projects a point of the face into the picture. */
  project([x, y, z]: Point): Pixel {
    const [sy, sp, sr] = this.#sin;
    const [cy, cp, cr] = this.#cos;
    const x1 = x * cy + z * sy;
    const z1 = z * cy - x * sy;
    const y1 = y * cp - z1 * sp;
    const z2 = z1 * cp + y * sp;
    const size = this.unit / (1 - PERSPECTIVE * z2);
    return [this.#middle[0] + size * (x1 * cr - y1 * sr), this.#middle[1] + size * (x1 * sr + y1 * cr)];
  }

  /** Returns the pixel of the surface point at (x, y), moved forward by `lift`. */
  at(x: number, y: number, lift = 0): Pixel {
    return this.project(this.surfacePoint(x, y, lift));
  }

  /**
   * Returns the pixel of the head's outline at a height, moved outward by `out`.
   * @param side −1 for the left of the picture, 1 for the right.
   */
  edge(y: number, side: number, out = 0): Pixel {
    const [sy] = this.#sin;
    const [cy] = this.#cos;
    const { middle, depth } = this.#slice(y);
    const reach = side * (Math.hypot(this.width(y) * cy, depth * sy) + out);
    // The outline point in the head's coordinates, before the rotation by the yaw.
    const x1 = middle * sy + reach;
    const z1 = middle * cy;
    return this.project([x1 * cy - z1 * sy, y, x1 * sy + z1 * cy]);
  }

  /**
   * Returns outline points on one side from one height to another, denser toward the end, where the outline curves.
   * @param out Outward offset as a function of the fraction of the way, 0 … 1.
   */
  edges(
    from: number,
    to: number,
    side: number,
    count: number,
    out: (share: number) => number = () => 0,
  ): Pixel[] {
    return Array.from({ length: count }, (_, k) => {
      const share = Math.sin((Math.PI / 2) * (k / (count - 1)));
      return this.edge(from + (to - from) * share, side, out(share));
    });
  }
}
