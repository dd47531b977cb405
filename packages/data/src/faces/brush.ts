import type { Context2D, Gradient } from '../drawing/canvas.js';
import { css, mix, type Rgb } from '../drawing/color.js';
import type { Conditions } from './conditions.js';
import type { Pixel } from './head.js';

/** Draws shapes given by points of the picture, in the light of a picture. */
export class Brush {
  readonly #light: Conditions['light'];

  constructor(
    readonly context: Context2D,
    light: Conditions['light'],
    /** Pixels of a half head's width. */
    readonly unit: number,
  ) {
    this.#light = light;
  }

  /** A color in the picture's light. */
  lit([r, g, b]: Rgb): Rgb {
    const [lr, lg, lb] = this.#light.color;
    return [(r * lr) / 255, (g * lg) / 255, (b * lb) / 255];
  }

  /** Makes a smooth curve through points (Catmull–Rom) the current path. */
  curve(points: readonly Pixel[], closed = true): void {
    this.context.beginPath();
    this.follow(points, closed);
  }

  /** Adds such a curve to the current path. */
  follow(points: readonly Pixel[], closed = true): void {
    const { context } = this;
    const { length } = points;
    const point = (k: number) =>
      closed ? points[(k + length) % length] : points[Math.min(length - 1, Math.max(0, k))];
    context.moveTo(points[0][0], points[0][1]);
    for (let k = 0; k < (closed ? length : length - 1); k++) {
      const [a, b, c, d] = [point(k - 1), point(k), point(k + 1), point(k + 2)];
      context.bezierCurveTo(
        b[0] + (c[0] - a[0]) / 6,
        b[1] + (c[1] - a[1]) / 6,
        c[0] - (d[0] - b[0]) / 6,
        c[1] - (d[1] - b[1]) / 6,
        c[0],
        c[1],
      );
    }
    if (closed) context.closePath();
  }

  fill(color: Rgb, alpha = 1): void {
    this.context.fillStyle = css(this.lit(color), alpha);
    this.context.fill();
  }

  /** @param width In half head widths. */
  stroke(color: Rgb, width: number, alpha = 1): void {
    this.context.strokeStyle = css(this.lit(color), alpha);
    this.context.lineWidth = width * this.unit;
    this.context.lineCap = 'round';
    this.context.lineJoin = 'round';
    this.context.stroke();
  }

  shape(points: readonly Pixel[], color: Rgb, alpha = 1): void {
    this.curve(points);
    this.fill(color, alpha);
  }

  line(points: readonly Pixel[], color: Rgb, width: number, alpha = 1): void {
    this.curve(points, false);
    this.stroke(color, width, alpha);
  }

  /** Fills the current path from the side of the light to the other one. */
  shade([x, y]: Pixel, reach: number, color: Rgb, depth = 1): void {
    const { context, unit } = this;
    const light = this.#light;
    const [dx, dy] = [light.x * reach * unit, light.y * reach * unit];
    const gradient: Gradient = context.createLinearGradient(x + dx, y + dy, x - dx, y - dy);
    const dark = mix(color, [30, 16, 18], light.contrast * 0.75 * depth);
    gradient.addColorStop(0, css(this.lit(mix(color, [255, 255, 255], 0.1 * light.contrast))));
    gradient.addColorStop(0.45, css(this.lit(mix(color, dark, 0.25))));
    gradient.addColorStop(1, css(this.lit(dark)));
    context.fillStyle = gradient;
    context.fill();
  }

  /** A round spot that fades out. @param radius In half head widths. */
  glow([x, y]: Pixel, radius: number, color: Rgb, alpha: number): void {
    const { context } = this;
    const reach = radius * this.unit;
    const gradient = context.createRadialGradient(x, y, 0, x, y, reach);
    gradient.addColorStop(0, css(this.lit(color), Math.min(0.99, alpha)));
    gradient.addColorStop(1, css(this.lit(color), 0));
    context.fillStyle = gradient;
    context.fillRect(x - reach, y - reach, 2 * reach, 2 * reach);
  }

  /** Draws within the current path only. */
  within(draw: () => void): void {
    this.context.save();
    this.context.clip();
    draw();
    this.context.restore();
  }
}
