import type { Context2D } from '../drawing/canvas.js';
import { css, type Rgb } from '../drawing/color.js';
import type { Font } from './fonts.js';

/** Typography of a text. Sizes are in document units: hundredths of the document's height. */
export interface TextStyle {
  readonly font: Font;
  readonly size: number;
  readonly color: Rgb;
  readonly bold?: boolean;
  readonly align?: 'left' | 'center' | 'right';
  readonly alpha?: number;
  /** Maximum width; wider text is compressed. */
  readonly max?: number;
  /** Whether to use capitals, if the family's are readable. */
  readonly capitals?: boolean;
}

/** Font units per document unit; canvases round very small font sizes. */
const TYPE_UNITS = 10;

/**
 * Draws on a document of height 100 units and width 100 × aspect ratio, stretched to a square of pixels.
 * (0, 0) is the top left corner; text positions are on the baseline.
 */
export class Pen {
  /** Width of the document in units; the height is always 100. */
  readonly width: number;

  constructor(
    readonly context: Context2D,
    aspect: number,
    readonly pixels: number,
  ) {
    this.width = 100 * aspect;
  }

  /** Clears the canvas. */
  clear(): void {
    this.context.setTransform(1, 0, 0, 1, 0, 0);
    this.context.clearRect(0, 0, this.pixels, this.pixels);
  }

  /** Sets the canvas's transform to document units. */
  setUnits(): void {
    this.context.setTransform(this.pixels / this.width, 0, 0, this.pixels / 100, 0, 0);
  }

  rect(x: number, y: number, width: number, height: number, color: Rgb, alpha = 1): void {
    this.context.fillStyle = css(color, alpha);
    this.context.fillRect(x, y, width, height);
  }

  round(x: number, y: number, width: number, height: number, radius: number, color: Rgb, alpha = 1): void {
    this.context.fillStyle = css(color, alpha);
    this.context.beginPath();
    this.context.roundRect(x, y, width, height, radius);
    this.context.fill();
  }

  frame(x: number, y: number, width: number, height: number, color: Rgb, line: number, radius = 0): void {
    this.context.strokeStyle = css(color);
    this.context.lineWidth = line;
    this.context.beginPath();
    if (radius > 0) this.context.roundRect(x, y, width, height, radius);
    else this.context.rect(x, y, width, height);
    this.context.stroke();
  }

  line(x1: number, y1: number, x2: number, y2: number, color: Rgb, width: number, dash?: number[]): void {
    this.context.strokeStyle = css(color);
    this.context.lineWidth = width;
    if (dash) this.context.setLineDash(dash);
    this.context.beginPath();
    this.context.moveTo(x1, y1);
    this.context.lineTo(x2, y2);
    this.context.stroke();
    if (dash) this.context.setLineDash([]);
  }

  disc(x: number, y: number, radius: number, color: Rgb, alpha = 1): void {
    this.context.fillStyle = css(color, alpha);
    this.context.beginPath();
    this.context.arc(x, y, radius, 0, 2 * Math.PI);
    this.context.fill();
  }

  ring(x: number, y: number, radius: number, color: Rgb, line: number): void {
    this.context.strokeStyle = css(color);
    this.context.lineWidth = line;
    this.context.beginPath();
    this.context.arc(x, y, radius, 0, 2 * Math.PI);
    this.context.stroke();
  }

  polygon(points: readonly (readonly [number, number])[], color: Rgb, alpha = 1): void {
    this.context.fillStyle = css(color, alpha);
    this.context.beginPath();
    for (let i = 0; i < points.length; i++) {
      if (i === 0) this.context.moveTo(points[i][0], points[i][1]);
      else this.context.lineTo(points[i][0], points[i][1]);
    }
    this.context.closePath();
    this.context.fill();
  }

  /** Fills a rectangle with a gradient of the colors in the direction (dx, dy). */
  blend(
    x: number,
    y: number,
    width: number,
    height: number,
    colors: readonly Rgb[],
    direction: readonly [number, number],
  ): void {
    const [dx, dy] = direction;
    const gradient = this.context.createLinearGradient(
      x + (dx < 0 ? width : 0),
      y + (dy < 0 ? height : 0),
      x + (dx > 0 ? width : 0),
      y + (dy > 0 ? height : 0),
    );
    colors.forEach((color, i) => {
      gradient.addColorStop(i / (colors.length - 1), css(color));
    });
    this.context.fillStyle = gradient;
    this.context.fillRect(x, y, width, height);
  }

  text(text: string, x: number, y: number, style: TextStyle): void {
    const { context } = this;
    const { font, color } = style;
    const size = style.size * font.scale * TYPE_UNITS;
    const shown =
      font.letters === 'capitals' || (style.capitals && font.letters === 'any') ? text.toUpperCase() : text;
    context.font = `${style.bold && font.bold ? '700 ' : ''}${size.toFixed(1)}px ${font.css}`;
    context.textAlign = style.align ?? 'left';
    context.fillStyle = css(color, style.alpha ?? 1);
    context.save();
    context.translate(x, y);
    context.scale(1 / TYPE_UNITS, 1 / TYPE_UNITS);
    if (style.max === undefined) context.fillText(shown, 0, 0);
    else context.fillText(shown, 0, 0, style.max * TYPE_UNITS);
    context.restore();
  }

  /** Draws letters along a circle, upright at the top. @param center Angle of the text's middle in radians. */
  arcText(text: string, x: number, y: number, radius: number, center: number, style: TextStyle): void {
    const { context } = this;
    const step = (style.size * 0.72) / radius;
    const letters = [...text];
    for (let i = 0; i < letters.length; i++) {
      const angle = center + (i - (letters.length - 1) / 2) * step;
      context.save();
      context.translate(x + radius * Math.sin(angle), y - radius * Math.cos(angle));
      context.rotate(angle);
      this.text(letters[i], 0, 0, { ...style, align: 'center' });
      context.restore();
    }
  }

  /** Draws clipped to a rectangle. */
  withClip(x: number, y: number, width: number, height: number, radius: number, draw: () => void): void {
    this.context.save();
    this.context.beginPath();
    this.context.roundRect(x, y, width, height, radius);
    this.context.clip();
    draw();
    this.context.restore();
  }

  /** Draws with the origin at (x, y) and the axes rotated clockwise by `angle` radians. */
  withRotation(x: number, y: number, angle: number, draw: () => void): void {
    this.context.save();
    this.context.translate(x, y);
    this.context.rotate(angle);
    draw();
    this.context.restore();
  }
}
