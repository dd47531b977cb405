import type { Random } from '@unitsphere/core/random';
import { nativeImageFunctions } from '@unitsphere/images';
import type { Image } from '../image.js';
import { toByte } from './transform.js';

/** Multiplies every byte by a factor, in place. */
export function adjustBrightness(image: Image, factor: number): Image {
  return mapLevels(image, (level) => level * factor);
}

/** Scales every byte's distance from the image's mean gray, in place. */
export function adjustContrast(image: Image, factor: number): Image {
  const [r, g, b] = sumChannels(image.data);
  const mean = (0.299 * r + 0.587 * g + 0.114 * b) / (image.data.length / 3);
  return mapLevels(image, (level) => mean + (level - mean) * factor);
}

// The functions below compute in float32, as the vectors of the addon do.
const { fround } = Math;
const [RED, GREEN, BLUE] = [fround(0.299), fround(0.587), fround(0.114)];

/** Scales every pixel's distance from its own gray, in place. */
export function adjustSaturation(image: Image, factor: number): Image {
  const { data } = image;
  const native = nativeImageFunctions();
  if (native) {
    native.adjustSaturation(data, factor);
    return image;
  }
  const scale = fround(factor);
  const rest = fround(1 - scale);
  for (let p = 0; p < data.length; p += 3) {
    const sum = fround(fround(RED * data[p]) + fround(GREEN * data[p + 1]));
    const gray = fround(fround(sum + fround(BLUE * data[p + 2])) * rest);
    for (let c = p; c < p + 3; c++) {
      const value = fround(fround(fround(data[c] * scale) + gray) + 0.5);
      data[c] = value > 0 ? Math.min(value, 255) : 0;
    }
  }
  return image;
}

/** Rotates every pixel's hue (HSV) by a fraction of a full turn, in place. */
export function adjustHue(image: Image, turn: number): Image {
  const { data } = image;
  const sixths = fround(6 * (turn - Math.floor(turn)));
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
    let sector: number;
    if (max === r) sector = fround(fround((g - b) / chroma) + 6);
    else if (max === g) sector = fround(fround((b - r) / chroma) + 2);
    else sector = fround(fround((r - g) / chroma) + 4);
    let hue = fround(sixths + sector);
    while (hue >= 6) hue = fround(hue - 6);
    data[p] = levelAt(fround(hue + 2), min, chroma);
    data[p + 1] = levelAt(hue, min, chroma);
    data[p + 2] = levelAt(fround(hue + 4), min, chroma);
  }
  return image;
}

/** Returns a channel's level from the hue, shifted for the channel, in float32. */
function levelAt(hue: number, min: number, chroma: number): number {
  const wrapped = hue >= 6 ? fround(hue - 6) : hue;
  const ramp = Math.min(wrapped, 1, Math.max(fround(4 - wrapped), 0));
  return fround(fround(min + fround(chroma * ramp)) + 0.5);
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

function sumChannels(data: Uint8Array): Float64Array {
  const sums = new Float64Array(3);
  const native = nativeImageFunctions();
  if (native) {
    native.sumChannels(data, sums);
    return sums;
  }
  for (let p = 0; p < data.length; p += 3) {
    sums[0] += data[p];
    sums[1] += data[p + 1];
    sums[2] += data[p + 2];
  }
  return sums;
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
