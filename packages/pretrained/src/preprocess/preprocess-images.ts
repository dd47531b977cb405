import * as tf from '@tensorflow/tfjs-core';
import type { Preprocessing } from './preprocessing.js';
import { type RgbImage, resample } from './resample.js';

/** 8-bit image: row-major, RGB or RGBA, without padding between rows, such as ImageData in a browser. */
export interface PixelImage {
  readonly width: number;
  readonly height: number;
  /** width × height × 3 bytes, or × 4. */
  readonly data: Uint8Array | Uint8ClampedArray;
}

/**
 * Resizes and crops an image as PIL, torchvision and timm do: resizes the short side (with cropMode `squash`, both sides) to
 * floor(imageSize / cropFraction), then crops the square at the center. Resizing is bit-identical to
 * Pillow up to version 12.
 * @param image RGB or RGBA; alpha is dropped, as by PIL's convert('RGB').
 * @returns RGB, imageSize × imageSize.
 * @throws RangeError if the image's bytes do not match its sides.
 * @see torchvision.transforms.Resize and CenterCrop on PIL images; timm's transforms_imagenet_eval; open_clip's image_transform.
 */
export function resizeAndCrop(image: PixelImage, preprocessing: Preprocessing): RgbImage {
  const rgb = toRgb(image);
  const { imageSize, cropFraction = 1, cropMode = 'center', interpolation = 'bilinear' } = preprocessing;
  const short = Math.floor(imageSize / cropFraction);
  const { width, height } = rgb;
  const long = (side: number, other: number) =>
    cropMode === 'squash' ? short : Math.trunc((short * side) / other);
  const resizedWidth = width > height ? long(width, height) : short;
  const resizedHeight = width > height ? short : long(height, width);
  const box = {
    left: roundHalfEven((resizedWidth - imageSize) / 2),
    top: roundHalfEven((resizedHeight - imageSize) / 2),
    width: imageSize,
    height: imageSize,
  };
  return resample(rgb, resizedWidth, resizedHeight, box, interpolation);
}

/**
 * Converts images to a network's input: resizes and crops them, orders the channels, and computes (pixel / 255 − mean) / std.
 * @param images RGB or RGBA of any size; alpha is dropped.
 * @returns float32 [images, imageSize, imageSize, 3].
 * @throws RangeError if there are no images, or an image's bytes do not match its sides.
 */
export function preprocessImages(images: readonly PixelImage[], preprocessing: Preprocessing): tf.Tensor4D {
  if (images.length === 0) throw new RangeError('preprocessImages: give at least one image.');
  const { imageSize, channelOrder, mean, std } = preprocessing;
  const size = imageSize * imageSize * 3;
  const values = new Float32Array(images.length * size);
  // For each channel of the input: its channel in the image, and a table of the values of the 256 levels.
  const source = channelOrder === 'RGB' ? [0, 1, 2] : [2, 1, 0];
  const levels = [0, 1, 2].map((c) =>
    Float32Array.from({ length: 256 }, (_, level) => (level / 255 - mean[c]) / std[c]),
  );
  images.forEach((image, n) => {
    const { data } = resizeAndCrop(image, preprocessing);
    for (let c = 0; c < 3; c++) {
      const table = levels[c];
      const from = source[c];
      for (let i = 0; i < size; i += 3) values[n * size + i + c] = table[data[i + from]];
    }
  });
  return tf.tensor4d(values, [images.length, imageSize, imageSize, 3]);
}

/** Rounds to nearest, ties to even, as Python's round, which torchvision's CenterCrop uses. */
function roundHalfEven(value: number): number {
  const low = Math.floor(value);
  return value - low === 0.5 ? low + (low % 2) : Math.round(value);
}

function toRgb({ width, height, data }: PixelImage): RgbImage {
  const areSides = [width, height].every((side) => Number.isInteger(side) && side > 0);
  const pixels = width * height;
  if (areSides && data.length === 3 * pixels)
    return { width, height, data: new Uint8Array(data.buffer, data.byteOffset, data.length) };
  if (!areSides || data.length !== 4 * pixels) {
    throw new RangeError(
      `An image of ${width} × ${height} must have ${3 * pixels} bytes (RGB) or ${4 * pixels} (RGBA), not ${data.length}; remove padding between rows.`,
    );
  }
  const rgb = new Uint8Array(3 * pixels);
  for (let i = 0; i < pixels; i++) rgb.set(data.subarray(4 * i, 4 * i + 3), 3 * i);
  return { width, height, data: rgb };
}
