import type { Context2D, Gradient } from '../drawing/canvas.js';
import { css, mix, type Rgb } from '../drawing/color.js';
import type { Conditions } from './conditions.js';
import type { Pixel } from './head.js';

/** Draws shapes given by points of the picture, with colors in the picture's light. */
export class Brush {
  readonly #light: Conditions['light'];

  constructor(
    readonly context: Context2D,
    light: Conditions['light'],
    /** Half the head's width in pixels. */
    readonly unit: number,
  ) {
    this.#light = light;
  }

  /** Returns a color in the picture's light. */
  applyLight([r, g, b]: Rgb): Rgb {
    const [lr, lg, lb] = this.#light.color;
    return [(r * lr) / 255, (g * lg) / 255, (b * lb) / 255];
  }

  /** Sets the current path to a smooth curve through the points (Catmull–Rom). */
  curve(points: readonly Pixel[], closed = true): void {
    this.context.beginPath();
    this.addCurve(points, closed);
  }

  /** Adds a smooth curve through the points (Catmull–Rom) to the current path. */
  addCurve(points: readonly Pixel[], closed = true): void {
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

  /** Fills the current path. */
  fill(color: Rgb, alpha = 1): void {
    this.context.fillStyle = css(this.applyLight(color), alpha);
    this.context.fill();
  }

  /** Strokes the current path. @param width Line width in half head widths. */
  stroke(color: Rgb, width: number, alpha = 1): void {
    this.context.strokeStyle = css(this.applyLight(color), alpha);
    this.context.lineWidth = width * this.unit;
    this.context.lineCap = 'round';
    this.context.lineJoin = 'round';
    this.context.stroke();
  }

  /** Fills a closed curve. */
  shape(points: readonly Pixel[], color: Rgb, alpha = 1): void {
    this.curve(points);
    this.fill(color, alpha);
  }

  /** Strokes an open curve. @param width Line width in half head widths. */
  line(points: readonly Pixel[], color: Rgb, width: number, alpha = 1): void {
    this.curve(points, false);
    this.stroke(color, width, alpha);
  }

  /** Fills the current path with a gradient from the lit side to the dark side. */
  shade([x, y]: Pixel, reach: number, color: Rgb, depth = 1): void {
    const { context, unit } = this;
    const light = this.#light;
    const [dx, dy] = [light.x * reach * unit, light.y * reach * unit];
    const gradient: Gradient = context.createLinearGradient(x + dx, y + dy, x - dx, y - dy);
    const dark = mix(color, [30, 16, 18], light.contrast * 0.75 * depth);
    gradient.addColorStop(0, css(this.applyLight(mix(color, [255, 255, 255], 0.1 * light.contrast))));
    gradient.addColorStop(0.45, css(this.applyLight(mix(color, dark, 0.25))));
    gradient.addColorStop(1, css(this.applyLight(dark)));
    context.fillStyle = gradient;
    context.fill();
  }

  /** Draws a round spot that fades out. @param radius Radius in half head widths. */
  glow([x, y]: Pixel, radius: number, color: Rgb, alpha: number): void {
    const { context } = this;
    const reach = radius * this.unit;
    const gradient = context.createRadialGradient(x, y, 0, x, y, reach);
    gradient.addColorStop(0, css(this.applyLight(color), Math.min(0.99, alpha)));
    gradient.addColorStop(1, css(this.applyLight(color), 0));
    context.fillStyle = gradient;
    context.fillRect(x - reach, y - reach, 2 * reach, 2 * reach);
  }

  /** Draws clipped to the current path. */
  withClip(draw: () => void): void {
    this.context.save();
    this.context.clip();
    draw();
    this.context.restore();
  }
}
