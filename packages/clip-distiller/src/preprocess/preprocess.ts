import * as tf from '@tensorflow/tfjs-core';
import type { Preprocessing } from '@unitsphere/pretrained';
import { type RgbImage, resample } from './resample.js';

/** CLIP's: the short side to imageSize by bicubic with antialias, the centre, OpenAI's mean and standard deviation. */
export function clipPreprocessing(imageSize: number): Preprocessing {
  return {
    imageSize,
    channelOrder: 'RGB',
    mean: [0.48145466, 0.4578275, 0.40821073],
    std: [0.26862954, 0.26130258, 0.27577711],
    interpolation: 'bicubic',
  };
}

/**
 * The pixels that a network is to see, as PIL and torchvision make them: the short side resized to
 * floor(imageSize / cropFraction), aspect ratio kept, then the square at the centre.
 * @param image RGB.
 * @returns RGB, imageSize × imageSize.
 * @throws RangeError for an image whose bytes do not fit its sides, and for interpolation by `nearest`.
 * @see torchvision.transforms.Resize and CenterCrop on PIL images; open_clip's image_transform; timm's crop_pct.
 */
export function resizeAndCrop(image: RgbImage, preprocessing: Preprocessing): RgbImage {
  checkImage(image);
  const { imageSize, cropFraction = 1, interpolation = 'bilinear' } = preprocessing;
  if (interpolation === 'nearest')
    throw new RangeError('resizeAndCrop: interpolation must be bilinear or bicubic, not nearest.');
  const short = Math.floor(imageSize / cropFraction);
  const { width, height } = image;
  const wide = width > height;
  const resizedWidth = wide ? Math.trunc((short * width) / height) : short;
  const resizedHeight = wide ? short : Math.trunc((short * height) / width);
  const box = {
    left: halfEven((resizedWidth - imageSize) / 2),
    top: halfEven((resizedHeight - imageSize) / 2),
    width: imageSize,
    height: imageSize,
  };
  return resample(image, resizedWidth, resizedHeight, box, interpolation);
}

/**
 * Images as a network's input: resized and cropped, in the order of channels, (pixel / 255 − mean) / std.
 * @param images RGB, of any sizes.
 * @returns float32 [images, imageSize, imageSize, 3].
 * @throws RangeError where there is no image, one's bytes do not fit its sides, and for interpolation by `nearest`.
 */
export function preprocessImages(images: readonly RgbImage[], preprocessing: Preprocessing): tf.Tensor4D {
  if (images.length === 0) throw new RangeError('preprocessImages: there is no image.');
  const { imageSize, channelOrder, mean, std } = preprocessing;
  const size = imageSize * imageSize * 3;
  const values = new Float32Array(images.length * size);
  // The channel of the picture, and the value of each of its 256 levels, for each channel of the input.
  const source = channelOrder === 'RGB' ? [0, 1, 2] : [2, 1, 0];
  const levels = [0, 1, 2].map((c) =>
    Float32Array.from({ length: 256 }, (_, level) => (level / 255 - mean[c]!) / std[c]!),
  );
  images.forEach((image, n) => {
    const { data } = resizeAndCrop(image, preprocessing);
    for (let c = 0; c < 3; c++) {
      const table = levels[c]!;
      const from = source[c]!;
      for (let i = 0; i < size; i += 3) values[n * size + i + c] = table[data[i + from]!]!;
    }
  });
  return tf.tensor4d(values, [images.length, imageSize, imageSize, 3]);
}

/** Python's round, which torchvision's CenterCrop uses: a half goes to the even neighbour. */
function halfEven(value: number): number {
  const low = Math.floor(value);
  return value - low === 0.5 ? low + (low % 2) : Math.round(value);
}

function checkImage({ width, height, data }: RgbImage): void {
  const areSides = [width, height].every((side) => Number.isInteger(side) && side > 0);
  if (!areSides || data.length !== width * height * 3) {
    throw new RangeError(
      `An RGB image of ${width} × ${height} has ${width * height * 3} bytes, not ${data.length}: three a pixel, without alpha or padding.`,
    );
  }
}
