import type { Random } from '@unitsphere/core/random';
import { CARD_ASPECT } from '../documents/layout.js';
import type { Image } from '../image.js';
import { drawOccluder } from './occluder.js';
import { invertProjective, squareToQuad } from './projective.js';
import { capture } from './sensor.js';

/** Largest angle between the card and the picture plane, in degrees. */
const TILT = 30;
/** Largest part of the card that is covered. */
const OCCLUSION = 0.2;

/** Takes hard photographs of flat cards: in clutter, tilted, with glare and shadow, and partly covered. */
export class SceneCamera {
  readonly size: number;
  readonly #light: Float32Array;
  readonly #spare: Float32Array;

  /** @param size Side of the photographs in pixels. */
  constructor(size: number) {
    this.size = size;
    this.#light = new Float32Array(size * size * 3);
    this.#spare = new Float32Array(size * size * 3);
  }

  /**
   * Takes a photograph: size × size, RGB.
   * @param clutter Photograph that surrounds the card; undefined for a plain color.
   */
  take(flat: Image, clutter: Image | undefined, random: Random): Image {
    this.#expose(flat, clutter, random);
    return capture(this.#light, this.#spare, this.size, random);
  }

  /** Writes the light on the sensor to `#light`, in units of 8-bit values, not rounded. */
  #expose(flat: Image, clutter: Image | undefined, random: Random): void {
    const { size } = this;
    const [a, b, c, d, e, f, g, h, i] = drawView(random);
    const background = drawBackground(random, clutter);
    const occluder = drawOccluder(random, random.uniform(0.05, OCCLUSION));
    const slopeX = random.uniform(-0.4, 0.4);
    const slopeY = random.uniform(-0.4, 0.4);
    const exposure = random.uniform(0.7, 1.2);
    const warmth = random.normal(0, 0.07);
    const gains = [exposure * (1 + warmth), exposure, exposure * (1 - warmth)];
    const glares = Array.from({ length: 1 + random.int(2) }, () => ({
      x: random.uniform(0.1, 0.9),
      y: random.uniform(0.1, 0.9),
      strength: random.uniform(60, 200),
      reach: random.uniform(5, 14),
      lean: random.uniform(-1.2, 1.2),
    }));
    const pixel = new Float64Array(3);
    for (let row = 0, at = 0; row < size; row++) {
      const y = (row + 0.5) / size;
      for (let column = 0; column < size; column++, at += 3) {
        const x = (column + 0.5) / size;
        const w = 1 / (g * x + h * y + i);
        const u = (a * x + b * y + c) * w;
        const v = (d * x + e * y + f) * w;
        const isOn = u >= 0 && v >= 0 && u < 1 && v < 1;
        if (occluder.covers(u, v)) pixel.set(occluder.color);
        else if (isOn) sampleImage(flat, u, v, pixel);
        else background(x, y, pixel);
        const light = 1 + slopeX * (x - 0.5) + slopeY * (y - 0.5);
        let shine = 0;
        for (const glare of isOn ? glares : []) {
          const gx = (x - glare.x) * glare.reach;
          const gy = (y - glare.y) * glare.reach;
          const across = gx + glare.lean * gy;
          shine += glare.strength / (1 + across * across + 0.3 * gy * gy) ** 2;
        }
        for (let channel = 0; channel < 3; channel++) {
          this.#light[at + channel] = pixel[channel] * light * gains[channel] + shine;
        }
      }
    }
  }
}

/** Draws the map from picture to card positions (both 0 … 1): a tilted card that about fills the picture. */
function drawView(random: Random): readonly number[] {
  const tilt = (random.uniform(0.3, 1) * TILT * Math.PI) / 180;
  const axis = random.uniform(0, 2 * Math.PI);
  const turn = random.normal(0, 0.12);
  const distance = random.uniform(2, 4);
  const corners = (
    [
      [-1, -1],
      [1, -1],
      [1, 1],
      [-1, 1],
    ] as const
  ).map(([sx, sy]) => {
    const [px, py] = [(sx * CARD_ASPECT) / 2, sy / 2];
    const [x, y] = [px * Math.cos(turn) - py * Math.sin(turn), px * Math.sin(turn) + py * Math.cos(turn)];
    // Rotation by `tilt` about an axis in the picture plane; only the part across the axis is foreshortened.
    const across = -x * Math.sin(axis) + y * Math.cos(axis);
    const along = x * Math.cos(axis) + y * Math.sin(axis);
    const scale = distance / (distance + across * Math.sin(tilt));
    const flat = across * Math.cos(tilt);
    return [
      (along * Math.cos(axis) - flat * Math.sin(axis)) * scale,
      (along * Math.sin(axis) + flat * Math.cos(axis)) * scale,
    ] as const;
  });
  const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
  const margins = Array.from({ length: 4 }, () => random.uniform(0, 0.1));
  const fit = (value: number, all: readonly number[], before: number, after: number) => {
    const low = Math.min(...all);
    return before + ((value - low) / (Math.max(...all) - low)) * (1 - before - after);
  };
  const quad = corners.map(
    ([x, y]) => [fit(x, xs, margins[0], margins[1]), fit(y, ys, margins[2], margins[3])] as const,
  );
  return invertProjective(squareToQuad(quad));
}

/** Draws the surroundings of a card: part of a photograph, or a plain color. */
function drawBackground(random: Random, clutter: Image | undefined) {
  const plain = [random.uniform(20, 230), random.uniform(20, 230), random.uniform(20, 230)];
  const side = random.uniform(0.4, 1);
  const [left, top] = [random.uniform(0, 1 - side), random.uniform(0, 1 - side)];
  return (x: number, y: number, pixel: Float64Array) => {
    if (clutter) sampleImage(clutter, left + x * side, top + y * side, pixel);
    else pixel.set(plain);
  };
}

/** Samples an image with bilinear interpolation at a position in [0, 1)². */
function sampleImage({ width, height, data }: Image, u: number, v: number, pixel: Float64Array): void {
  const px = Math.min(Math.max(u * width - 0.5, 0), width - 1);
  const py = Math.min(Math.max(v * height - 0.5, 0), height - 1);
  const x0 = Math.floor(px);
  const y0 = Math.floor(py);
  const [fx, fy] = [px - x0, py - y0];
  const p00 = (y0 * width + x0) * 3;
  const p01 = x0 + 1 < width ? p00 + 3 : p00;
  const down = y0 + 1 < height ? width * 3 : 0;
  for (let channel = 0; channel < 3; channel++) {
    const above = data[p00 + channel] * (1 - fx) + data[p01 + channel] * fx;
    const below = data[p00 + down + channel] * (1 - fx) + data[p01 + down + channel] * fx;
    pixel[channel] = above * (1 - fy) + below * fy;
  }
}
