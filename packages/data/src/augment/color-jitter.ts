import type { Random } from '@unitsphere/core/random';
import { nativeImageFunctions } from '@unitsphere/images';
import type { Image } from '../image.js';
import { hueRamp } from './iso-noise.js';
import { toByte } from './transform.js';

/** Multiplies every byte by a factor, in place. */
export function adjustBrightness(image: Image, factor: number): Image {
  return mapLevels(image, (level) => level * factor);
}

/** Scales every byte's distance from the image's mean gray, in place. */
export function adjustContrast(image: Image, factor: number): Image {
  const mean = sumLuminance(image.data) / (image.data.length / 3);
  return mapLevels(image, (level) => mean + (level - mean) * factor);
}

/** Scales every pixel's distance from its own gray, in place. */
export function adjustSaturation(image: Image, factor: number): Image {
  const { data } = image;
  const native = nativeImageFunctions();
  if (native) {
    native.adjustSaturation(data, factor);
    return image;
  }
  for (let p = 0; p < data.length; p += 3) {
    const gray = luminance(data, p) * (1 - factor);
    data[p] = toByte(data[p] * factor + gray);
    data[p + 1] = toByte(data[p + 1] * factor + gray);
    data[p + 2] = toByte(data[p + 2] * factor + gray);
  }
  return image;
}

/** Rotates every pixel's hue (HSV) by a fraction of a full turn, in place. */
export function adjustHue(image: Image, turn: number): Image {
  const { data } = image;
  const sixths = 6 * (turn - Math.floor(turn));
  const native = nativeImageFunctions();
  if (native) {
    native.adjustHue(data, sixths);
    return image;
  }
  for (let p = 0; p < data.length; p += 3) {
    const r = data[p];
    const g = data[p + 1];
    const b = data[p + 2];
    const max = Math.max(r, g, b);
    const min = Math.min(r, g, b);
    const chroma = max - min;
    if (chroma === 0) continue;
    let hue = sixths;
    if (max === r) hue += (g - b) / chroma + 6;
    else if (max === g) hue += (b - r) / chroma + 2;
    else hue += (r - g) / chroma + 4;
    while (hue >= 6) hue -= 6;
    data[p] = min + chroma * hueRamp(hue + 2) + 0.5;
    data[p + 1] = min + chroma * hueRamp(hue) + 0.5;
    data[p + 2] = min + chroma * hueRamp(hue + 4) + 0.5;
  }
  return image;
}

/**
 * Applies albumentations 1's ColorJitter (torchvision's): the four adjustments in random order, with DocClassifier's
 * brightness 0.3, contrast 0.1, saturation 0.1, and the default hue 0.2 (of a full turn).
 */
export function randomColorJitter(image: Image, random: Random): Image {
  const brightness = random.uniform(0.7, 1.3);
  const contrast = random.uniform(0.9, 1.1);
  const saturation = random.uniform(0.9, 1.1);
  const hue = random.uniform(-0.2, 0.2);
  for (const step of random.permutation(4)) {
    if (step === 0) adjustBrightness(image, brightness);
    else if (step === 1) adjustContrast(image, contrast);
    else if (step === 2) adjustSaturation(image, saturation);
    else adjustHue(image, hue);
  }
  return image;
}

/** Returns the luminance of the pixel at byte offset p (ITU-R BT.601, as in OpenCV). */
export function luminance(data: Uint8Array, p: number): number {
  return 0.299 * data[p] + 0.587 * data[p + 1] + 0.114 * data[p + 2];
}

function sumLuminance(data: Uint8Array): number {
  const native = nativeImageFunctions();
  if (native) return native.sumLuminance(data);
  let sum = 0;
  for (let p = 0; p < data.length; p += 3) sum += luminance(data, p);
  return sum;
}

/** Maps every byte through a table of 256 levels, in place. */
function mapLevels(image: Image, map: (level: number) => number): Image {
  const table = new Uint8Array(256);
  for (let level = 0; level < 256; level++) table[level] = toByte(map(level));
  const { data } = image;
  const native = nativeImageFunctions();
  if (native) native.mapLevels(data, table);
  else for (let i = 0; i < data.length; i++) data[i] = table[data[i]];
  return image;
}
