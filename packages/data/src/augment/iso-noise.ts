import type { Random } from '@unitsphere/core/random';
import type { Image } from '../image.js';
import { fillNormal, poissonTable } from './normal-table.js';
import { toByte } from './transform.js';

/**
 * Adds a camera sensor's noise in HLS space, in place. The hue rotates by a normal draw. The lightness rises by a
 * Poisson draw times its distance to white; the mean of the draw is proportional to the image's contrast.
 * @param colorShift Standard deviation of the hue as a fraction of a full turn, before the factor `intensity`.
 * @param intensity Factor on both kinds of noise.
 */
export function isoNoise(image: Image, colorShift: number, intensity: number, random: Random): Image {
  const { data } = image;
  const pixels = data.length / 3;
  let sum = 0;
  let squares = 0;
  for (let p = 0; p < data.length; p += 3) {
    const lightness =
      (Math.max(data[p], data[p + 1], data[p + 2]) + Math.min(data[p], data[p + 1], data[p + 2])) / 510;
    sum += lightness;
    squares += lightness * lightness;
  }
  const deviation = Math.sqrt(Math.max(0, squares / pixels - (sum / pixels) ** 2));
  const counts = poissonTable(deviation * intensity * 255);
  const turns = new Float32Array(pixels);
  // In sixths of a turn, the unit of the hue below.
  fillNormal(turns, colorShift * intensity * 6, random);

  for (let p = 0, i = 0; p < data.length; p += 3, i++) {
    const r = data[p] / 255;
    const g = data[p + 1] / 255;
    const b = data[p + 2] / 255;
    const max = Math.max(r, g, b);
    const min = Math.min(r, g, b);
    const chroma = max - min;
    const old = (max + min) / 2;
    const lightness = old + (counts[random.uint32() >>> 20] / 255) * (1 - old);
    let hue = 0;
    // The saturation is kept, so the chroma scales with the maximum that the lightness allows.
    let spread = 0;
    if (chroma > 0) {
      if (max === r) hue = (g - b) / chroma;
      else if (max === g) hue = (b - r) / chroma + 2;
      else hue = (r - g) / chroma + 4;
      spread = (chroma * (1 - Math.abs(2 * lightness - 1))) / (1 - Math.abs(2 * old - 1));
    }
    hue += turns[i];
    hue -= 6 * Math.floor(hue / 6);
    const low = lightness - spread / 2;
    data[p] = toByte(255 * (low + spread * hueRamp(hue + 2)));
    data[p + 1] = toByte(255 * (low + spread * hueRamp(hue)));
    data[p + 2] = toByte(255 * (low + spread * hueRamp(hue + 4)));
  }
  return image;
}

/** Returns green's share of the chroma for a hue in sixths of a turn: h on [0, 1], 1 on [1, 3], 4 − h on [3, 4], else 0. */
export function hueRamp(hue: number): number {
  const h = hue >= 6 ? hue - 6 : hue;
  return h < 1 ? h : h < 3 ? 1 : h < 4 ? 4 - h : 0;
}

/** Applies albumentations' ISONoise: color shift 0.01 … 0.05, intensity 0.1 … 0.5. */
export function randomIsoNoise(image: Image, random: Random): Image {
  return isoNoise(image, random.uniform(0.01, 0.05), random.uniform(0.1, 0.5), random);
}
