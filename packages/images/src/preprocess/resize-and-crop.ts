import type { PixelImage, RgbImage } from '../image.js';
import type { Preprocessing } from './preprocessing.js';
import { resample } from './resample.js';

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
