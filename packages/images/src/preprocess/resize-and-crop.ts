import { type PixelImage, type RgbImage, toRgb } from '../image.js';
import type { Preprocessing } from './preprocessing.js';
import { resample } from './resample.js';

/**
 * Resizes and crops an image as PIL, torchvision and timm do. With cropMode `center`, it resizes the short side to
 * floor(imageSize / cropFraction), with `border` the long side, with `squash` both sides; then it crops the square at the center,
 * or adds borders in the color `mean`. Resizing is bit-identical to Pillow up to version 12.
 * @param image RGB or RGBA; alpha is dropped, as by PIL's convert('RGB').
 * @returns RGB, imageSize × imageSize.
 * @throws RangeError if the image's bytes do not match its sides.
 * @see torchvision.transforms.Resize and CenterCrop on PIL images; timm's transforms_imagenet_eval; open_clip's image_transform.
 */
export function resizeAndCrop(image: PixelImage, preprocessing: Preprocessing): RgbImage {
  const rgb = toRgb(image, 'drop');
  const { imageSize, interpolation = 'bilinear' } = preprocessing;
  const [resizedWidth, resizedHeight] = resizedSides(rgb, preprocessing);
  const [left, width, x] = cropAxis(resizedWidth, imageSize);
  const [top, height, y] = cropAxis(resizedHeight, imageSize);
  const part = resample(rgb, resizedWidth, resizedHeight, { left, top, width, height }, interpolation);
  if (width === imageSize && height === imageSize) return part;
  return addBorder(part, imageSize, x, y, borderColor(preprocessing));
}

/** Returns the width and height of the resized image. */
function resizedSides(
  { width, height }: RgbImage,
  { imageSize, cropFraction = 1, cropMode = 'center' }: Preprocessing,
): [width: number, height: number] {
  const side = Math.floor(imageSize / cropFraction);
  if (cropMode === 'squash') return [side, side];
  if (cropMode === 'border') {
    // As timm's ResizeKeepRatio.
    const ratio = Math.max(width, height) / side;
    return [Math.max(1, roundHalfEven(width / ratio)), Math.max(1, roundHalfEven(height / ratio))];
  }
  return width > height
    ? [Math.trunc((side * width) / height), side]
    : [side, Math.trunc((side * height) / width)];
}

/** Returns where the crop begins in the resized image, its length, and where it begins in the output. */
function cropAxis(resized: number, size: number): [start: number, length: number, offset: number] {
  if (resized < size) return [0, resized, (size - resized) >> 1];
  return [roundHalfEven((resized - size) / 2), size, 0];
}

/** Returns timm's color of borders: the mean, in the order of the image's channels. */
function borderColor({ mean, channelOrder }: Preprocessing): number[] {
  const color = mean.map((value) => roundHalfEven(255 * value));
  return channelOrder === 'RGB' ? color : color.reverse();
}

function addBorder(image: RgbImage, size: number, left: number, top: number, color: number[]): RgbImage {
  const data = new Uint8Array(size * size * 3);
  for (let i = 0; i < data.length; i++) data[i] = color[i % 3];
  const stride = image.width * 3;
  for (let y = 0; y < image.height; y++) {
    data.set(image.data.subarray(y * stride, (y + 1) * stride), ((top + y) * size + left) * 3);
  }
  return { width: size, height: size, data };
}

/** Rounds to nearest, ties to even, as Python's round, which torchvision's CenterCrop uses. */
function roundHalfEven(value: number): number {
  const low = Math.floor(value);
  return value - low === 0.5 ? low + (low % 2) : Math.round(value);
}
