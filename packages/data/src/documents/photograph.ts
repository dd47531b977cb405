import { Random } from '@unitsphere/core/random';
import { hsl, mix, type Rgb } from '../drawing/color.js';
import { invertProjective, squareToQuad } from '../drawing/projective.js';
import { capture } from '../drawing/sensor.js';
import type { Image } from '../image.js';

/** A drawn square document: RGBA, not premultiplied; alpha 0 shows the surface beneath. */
export interface FlatDocument {
  readonly size: number;
  readonly data: Uint8ClampedArray | Uint8Array;
}

/** Optical properties of a document. */
export interface Material {
  /** Strength of lamp reflections, 0 … 1. */
  readonly gloss: number;
  /** Whether the document bends and creases. */
  readonly paper: boolean;
}

/**
 * Simulates photographs of flat documents: slight perspective, a surface beneath, uneven light, shadow, glare, bends and
 * creases, color cast, blur, chroma at half resolution as in JPEG, and sensor noise.
 */
export class Photographer {
  readonly #light: Float32Array;
  readonly #spare: Float32Array;

  readonly #size: number;

  constructor(size: number) {
    this.#size = size;

    this.#light = new Float32Array(size * size * 3);
    this.#spare = new Float32Array(size * size * 3);
  }

  /** Takes one picture, with all of its conditions drawn from `random`. */
  take(document: FlatDocument, material: Material, random: Random): Image {
    this.#expose(document, material, random);
    return capture(this.#light, this.#spare, this.#size, random);
  }

  /** Writes the light on the sensor to `#light`, in units of 8-bit values, not rounded. */
  #expose(document: FlatDocument, material: Material, random: Random): void {
    const size = this.#size;
    const matrix = drawView(random);
    const [a, b, c, d, e, f, g, h, i] = matrix;
    const surface = drawSurface(random);
    const flat = document.data;
    const side = document.size;

    // Light: a gradient, a soft-edged shadow, a highlight.
    const slopeX = random.uniform(-0.22, 0.22);
    const slopeY = random.uniform(-0.22, 0.22);
    const vignette = random.uniform(0, 0.35);
    const shadow = random.boolean(0.4) ? random.uniform(0.12, 0.38) : 0;
    const shadowTurn = random.uniform(0, 2 * Math.PI);
    const shadowX = Math.cos(shadowTurn);
    const shadowY = Math.sin(shadowTurn);
    const shadowAt = random.uniform(-0.05, 0.4);
    const shadowSoft = 1 / random.uniform(0.05, 0.35);
    const shadowBend = random.uniform(-0.6, 0.6);
    const glare = random.boolean(0.1 + 0.4 * material.gloss)
      ? random.uniform(20, 95) * (0.35 + 0.65 * material.gloss)
      : 0;
    const glareX = random.uniform(0.1, 0.9);
    const glareY = random.uniform(0.1, 0.9);
    const glareReach = random.uniform(4, 12);
    const glareLean = random.uniform(-1.2, 1.2);

    // Paper: a slight bend, sometimes a fold.
    const bend = material.paper ? random.uniform(-0.018, 0.018) : 0;
    const bendLight = bend * 7;
    const folded = material.paper && random.boolean(0.3);
    const foldAcross = random.boolean();
    const foldAt = random.pick([0.333, 0.5, 0.5, 0.667]) + random.uniform(-0.02, 0.02);
    const foldDepth = random.uniform(0.04, 0.13) * (random.boolean() ? 1 : -1);

    // The camera: exposure, contrast, white balance, saturation.
    const exposure = random.uniform(0.82, 1.12);
    const warmth = random.normal(0, 0.05);
    const tint = random.normal(0, 0.02);
    const gains = [exposure * (1 + warmth), exposure * (1 + tint), exposure * (1 - warmth)];
    const contrast = random.uniform(0.78, 1.1);
    const lift = random.uniform(-6, 14);
    const saturation = random.uniform(0.7, 1.15);
    const dropShadow = random.uniform(0.15, 0.55);
    const dropX = random.uniform(-0.015, 0.015);
    const dropY = random.uniform(-0.015, 0.015);

    const out = this.#light;
    let at = 0;
    for (let row = 0; row < size; row++) {
      const y = (row + 0.5) / size;
      for (let column = 0; column < size; column++, at += 3) {
        const x = (column + 0.5) / size;
        const w = 1 / (g * x + h * y + i);
        const u = (a * x + b * y + c) * w;
        const arch = u * (1 - u);
        const v = (d * x + e * y + f) * w + bend * arch * 4;

        let red = 0;
        let green = 0;
        let blue = 0;
        let cover = 0;
        const px = u * side - 0.5;
        const py = v * side - 0.5;
        // As 32-bit integers, so that the many indices below are computed without conversions.
        const x0 = Math.floor(px) | 0;
        const y0 = Math.floor(py) | 0;
        if (x0 >= -1 && y0 >= -1 && x0 < side && y0 < side) {
          const fx = px - x0;
          const fy = py - y0;
          const whole = x0 >= 0 && y0 >= 0 && x0 < side - 1 && y0 < side - 1;
          const p00 = ((Math.imul(y0, side) + x0) * 4) | 0;
          const p10 = (p00 + side * 4) | 0;
          if (whole && flat[p00 + 3] + flat[p00 + 7] + flat[p10 + 3] + flat[p10 + 7] === 1020) {
            const w11 = fx * fy;
            const w10 = fy - w11;
            const w01 = fx - w11;
            const w00 = 1 - fx - w10;
            red = flat[p00] * w00 + flat[p00 + 4] * w01 + flat[p10] * w10 + flat[p10 + 4] * w11;
            green = flat[p00 + 1] * w00 + flat[p00 + 5] * w01 + flat[p10 + 1] * w10 + flat[p10 + 5] * w11;
            blue = flat[p00 + 2] * w00 + flat[p00 + 6] * w01 + flat[p10 + 2] * w10 + flat[p10 + 6] * w11;
            cover = 1;
          } else {
            for (let corner = 0; corner < 4; corner++) {
              const cx = x0 + (corner & 1);
              const cy = y0 + (corner >> 1);
              if (cx < 0 || cy < 0 || cx >= side || cy >= side) continue;
              const p = (cy * side + cx) * 4;
              const weight = ((corner & 1 ? fx : 1 - fx) * (corner >> 1 ? fy : 1 - fy) * flat[p + 3]) / 255;
              red += flat[p] * weight;
              green += flat[p + 1] * weight;
              blue += flat[p + 2] * weight;
              cover += weight;
            }
          }
        }

        let light = 1 + slopeX * (x - 0.5) + slopeY * (y - 0.5);
        const rx = x - 0.5;
        const ry = y - 0.5;
        light *= 1 - vignette * (rx * rx + ry * ry);
        if (shadow > 0) {
          let s =
            (rx * shadowX + ry * shadowY + shadowBend * (ry * shadowX - rx * shadowY) ** 2 - shadowAt) *
              shadowSoft +
            0.5;
          s = s <= 0 ? 0 : s >= 1 ? 1 : s * s * (3 - 2 * s);
          light *= 1 - shadow * s;
        }

        if (cover < 0.999) {
          const ox = Math.max(Math.abs(u - 0.5 - dropX) - 0.5, 0);
          const oy = Math.max(Math.abs(v - 0.5 - dropY) - 0.5, 0);
          const near = 1 - Math.sqrt(ox * ox + oy * oy) * 22;
          const dark = near > 0 ? 1 - dropShadow * near * near : 1;
          const grain = surface.grain(x, y);
          const rest = (1 - cover) * dark;
          red += rest * (surface.low[0] + surface.range[0] * grain);
          green += rest * (surface.low[1] + surface.range[1] * grain);
          blue += rest * (surface.low[2] + surface.range[2] * grain);
        }
        if (cover > 0 && material.paper) {
          let shade = bendLight * (1 - 2 * u);
          if (folded) {
            const off = (foldAcross ? v : u) - foldAt;
            shade += (off > 0 ? foldDepth : -foldDepth) / (1 + Math.abs(off) * 45);
          }
          light *= 1 + shade * cover;
        }
        let shine = 0;
        if (glare > 0 && cover > 0) {
          const gx = (x - glareX) * glareReach;
          const gy = (y - glareY) * glareReach;
          const across = gx + glareLean * gy;
          const q = 1 + across * across + 0.3 * gy * gy;
          shine = (glare * cover) / (q * q);
        }
        red = red * light * gains[0] + shine;
        green = green * light * gains[1] + shine;
        blue = blue * light * gains[2] + shine;
        const luma = 0.299 * red + 0.587 * green + 0.114 * blue;
        const level = (luma - 128) * contrast + 128 + lift;
        const chroma = saturation * contrast;
        out[at] = level + (red - luma) * chroma;
        out[at + 1] = level + (green - luma) * chroma;
        out[at + 2] = level + (blue - luma) * chroma;
      }
    }
  }
}

/** Draws the projective map from picture to document positions (both 0 … 1): a 3 × 3 matrix, row-major. */
function drawView(random: Random): readonly number[] {
  const margin = random.boolean(0.15) ? random.uniform(-0.03, 0) : random.uniform(0.005, 0.075);
  const turn = random.normal(0, 0.028);
  const shift = [random.uniform(-0.018, 0.018), random.uniform(-0.018, 0.018)];
  const stretch = random.uniform(-0.02, 0.02);
  const corners = (
    [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ] as const
  ).map(([u, v]) => {
    const x = (u - 0.5) * (1 - 2 * margin + stretch);
    const y = (v - 0.5) * (1 - 2 * margin - stretch);
    return [
      0.5 + x * Math.cos(turn) - y * Math.sin(turn) + shift[0] + random.uniform(-0.022, 0.022),
      0.5 + x * Math.sin(turn) + y * Math.cos(turn) + shift[1] + random.uniform(-0.022, 0.022),
    ] as const;
  });
  return invertProjective(squareToQuad(corners));
}

/** The texture of a surface: color = low + range × grain. */
interface Surface {
  readonly low: Rgb;
  readonly range: Rgb;
  /** Returns the grain, about 0 … 1, at a position in the picture. */
  grain(x: number, y: number): number;
}

/** Draws a surface beneath the document: wood, cloth, stone or a plain desk. */
function drawSurface(random: Random): Surface {
  const kind = random.pick(['wood', 'wood', 'cloth', 'stone', 'plain', 'plain'] as const);
  const color: Rgb =
    kind === 'wood'
      ? mix([92, 58, 36], [206, 168, 124], random.uniform())
      : kind === 'stone'
        ? mix([70, 72, 76], [214, 212, 206], random.uniform())
        : hsl(random.uniform(0, 360), random.uniform(0.02, 0.4), random.uniform(0.12, 0.8));
  const depth = kind === 'plain' ? 0.08 : random.uniform(0.15, 0.4);
  const low = mix(color, [0, 0, 0], depth);
  const high = mix(color, [255, 255, 255], depth * 0.6);
  const range: Rgb = [high[0] - low[0], high[1] - low[1], high[2] - low[2]];
  const turn = random.uniform(0, Math.PI);
  const cos = Math.cos(turn);
  const sin = Math.sin(turn);
  const scale = random.uniform(25, 60);
  const offset = random.uniform(0, TILE);
  const weave = random.uniform(180, 320);
  const rings = random.uniform(3, 9);
  return {
    low,
    range,
    grain(x, y) {
      const s = x * cos + y * sin;
      const t = y * cos - x * sin;
      if (kind === 'wood') {
        const slow = tileAt(s * scale * 0.25 + offset, t * scale);
        const line = t * rings + slow * 2;
        return (
          0.55 * Math.abs(2 * (line - Math.floor(line)) - 1) +
          0.45 * tileAt(s * scale * 0.3, t * scale * 5 + offset)
        );
      }
      if (kind === 'cloth') {
        const threads = Math.floor(s * weave) + Math.floor(t * weave);
        return (threads & 1 ? 0.35 : 0.65) + 0.35 * (tileAt(s * scale + offset, t * scale) - 0.5);
      }
      const broad = tileAt(s * scale * 0.5 + offset, t * scale * 0.5);
      return kind === 'stone' ? 0.6 * broad + 0.4 * tileAt(s * scale * 3, t * scale * 3 + offset) : broad;
    },
  };
}

/** Side of the noise tile. */
const TILE = 64;
/** Tileable noise, 0 … 1, the same for every source; created on first use. */
let tile: Float32Array | undefined;

/** Samples the noise tile with bilinear interpolation. */
function tileAt(x: number, y: number): number {
  tile ??= makeTile();
  const x0 = Math.floor(x);
  const y0 = Math.floor(y);
  const fx = x - x0;
  const fy = y - y0;
  const left = x0 & (TILE - 1);
  const right = (x0 + 1) & (TILE - 1);
  const top = (y0 & (TILE - 1)) * TILE;
  const bottom = ((y0 + 1) & (TILE - 1)) * TILE;
  return (
    (tile[top + left] * (1 - fx) + tile[top + right] * fx) * (1 - fy) +
    (tile[bottom + left] * (1 - fx) + tile[bottom + right] * fx) * fy
  );
}

function makeTile(): Float32Array {
  const random = new Random('document surface');
  return Float32Array.from({ length: TILE * TILE }, () => random.uniform());
}
