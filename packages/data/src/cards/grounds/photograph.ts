import type { Random } from '@unitsphere/core/random';
import { brightness, hsl, type Rgb } from '../../drawing/color.js';
import type { Image } from '../../image.js';

/** RGBA pixels of a square ground. */
type Pixels = Uint8ClampedArray | Uint8Array;

/** How a photograph becomes the ground of a card: a crop, a mirror image, and printed colors. */
export interface PhotographGround {
  /** Index of the photograph. */
  readonly photograph: number;
  /** Corner and sides of the crop, as fractions of the photograph. */
  readonly crop: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  readonly mirrored: boolean;
  readonly turned: boolean;
  /** Colors that replace black and white; undefined keeps the photograph's own. */
  readonly duotone: readonly [Rgb, Rgb] | undefined;
  /** Order of the channels, which gives the same photograph other hues. */
  readonly channels: readonly [number, number, number];
  /** Contrast about middle gray, and added brightness in 8-bit values. */
  readonly contrast: number;
  readonly lift: number;
}

const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

/** Draws how a photograph is used. @param count Number of photographs. */
export function drawPhotographGround(random: Random, count: number): PhotographGround {
  const width = random.uniform(0.3, 1);
  const height = Math.min(1, width * random.uniform(0.6, 1.2));
  return {
    photograph: random.int(count),
    crop: { x: random.uniform(0, 1 - width), y: random.uniform(0, 1 - height), width, height },
    mirrored: random.boolean(),
    turned: random.boolean(0.3),
    duotone: random.boolean(0.3) ? drawDuotone(random) : undefined,
    channels: random.boolean(0.5) ? ORDERS[0] : random.pick(ORDERS),
    contrast: random.uniform(0.6, 1.4),
    lift: random.boolean(0.35) ? random.uniform(-110, -30) : random.uniform(-40, 50),
  };
}

/** Prints the same part of the same photograph in other colors. */
export function recolor(ground: PhotographGround, random: Random): PhotographGround {
  const hasInks = ground.duotone !== undefined || random.boolean(0.5);
  return {
    ...ground,
    duotone: hasInks ? drawDuotone(random) : undefined,
    channels: random.pick(ORDERS),
    lift: ground.lift + random.uniform(-50, 50),
  };
}

function drawDuotone(random: Random): readonly [Rgb, Rgb] {
  const hue = random.uniform(0, 360);
  const dark = hsl(hue, random.uniform(0.2, 1), random.uniform(0.02, 0.3));
  const light = hsl(hue + random.uniform(-60, 60), random.uniform(0.1, 1), random.uniform(0.45, 0.97));
  return random.boolean(0.85) ? [dark, light] : [light, dark];
}

/** Paints the ground into size × size RGBA pixels. The photograph is square. @returns Its mean brightness, 0 … 1. */
export function paintPhotographGround(
  ground: PhotographGround,
  photo: Image,
  pixels: Pixels,
  size: number,
): number {
  const { crop, mirrored, turned, duotone, channels, contrast, lift } = ground;
  const table = new Uint8ClampedArray(256);
  for (let v = 0; v < 256; v++) table[v] = (v - 128) * contrast + 128 + lift;
  const side = photo.width;
  const at = new Int32Array(size * 2);
  for (let i = 0; i < size; i++) {
    const x = Math.floor((crop.x + ((mirrored ? size - 1 - i : i) + 0.5) * (crop.width / size)) * side);
    const y = Math.floor((crop.y + (i + 0.5) * (crop.height / size)) * side);
    at[i] = Math.min(side - 1, x) * 3 * (turned ? side : 1);
    at[size + i] = Math.min(side - 1, y) * 3 * (turned ? 1 : side);
  }
  const [r, g, b] = channels;
  const { data } = photo;
  let sum = 0;
  for (let row = 0, p = 0; row < size; row++) {
    const line = at[size + row];
    for (let column = 0; column < size; column++, p += 4) {
      const q = line + at[column];
      if (duotone) {
        const luma = table[(data[q] * 77 + data[q + 1] * 150 + data[q + 2] * 29) >> 8] / 255;
        for (let c = 0; c < 3; c++) pixels[p + c] = duotone[0][c] + (duotone[1][c] - duotone[0][c]) * luma;
      } else {
        pixels[p] = table[data[q + r]];
        pixels[p + 1] = table[data[q + g]];
        pixels[p + 2] = table[data[q + b]];
      }
      pixels[p + 3] = 255;
      if ((row & 7) === 0 && (column & 7) === 0) sum += brightness([pixels[p], pixels[p + 1], pixels[p + 2]]);
    }
  }
  return sum / Math.ceil(size / 8) ** 2;
}
