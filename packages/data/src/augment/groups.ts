import type { Random } from '@unitsphere/core/random';
import type { Affine } from '../warp.js';
import { randomChannelDropout } from './channel-dropout.js';
import { randomChannelShuffle } from './channel-shuffle.js';
import { randomColorJitter } from './color-jitter.js';
import { randomDefocus } from './defocus.js';
import { randomElastic } from './elastic.js';
import { randomGaussianBlur } from './gaussian-blur.js';
import { randomGaussianNoise } from './gaussian-noise.js';
import { invert } from './invert.js';
import { randomIsoNoise } from './iso-noise.js';
import { randomJpegCompression } from './jpeg-compression.js';
import { randomMedianBlur } from './median-blur.js';
import { randomMotionBlur } from './motion-blur.js';
import { randomMultiplicativeNoise } from './multiplicative-noise.js';
import { randomResizedCrop } from './random-resized-crop.js';
import { randomRgbShift } from './rgb-shift.js';
import { shiftScaleRotate } from './shift-scale-rotate.js';
import { toGray } from './to-gray.js';
import { toSepia } from './to-sepia.js';
import type { PixelTransform } from './transform.js';
import { randomZoomBlur } from './zoom-blur.js';

/** Transforms that move pixels. Each returns a map, which is composed with the view and the resize. */
export const geometricTransforms = {
  randomResizedCrop: (random: Random): Affine => randomResizedCrop(random),
  shiftScaleRotate: (random: Random): Affine => shiftScaleRotate(random),
};

/** Transforms that change pixel values, by group. */
export const pixelTransforms = {
  elastic: { elastic: randomElastic },
  blur: {
    motionBlur: randomMotionBlur,
    medianBlur: randomMedianBlur,
    gaussianBlur: randomGaussianBlur,
    zoomBlur: randomZoomBlur,
    defocus: randomDefocus,
    jpegCompression: randomJpegCompression,
  },
  noise: {
    isoNoise: randomIsoNoise,
    gaussianNoise: randomGaussianNoise,
    multiplicativeNoise: randomMultiplicativeNoise,
  },
  color: {
    colorJitter: randomColorJitter,
    toGray,
    toSepia,
    channelShuffle: randomChannelShuffle,
    channelDropout: randomChannelDropout,
    rgbShift: randomRgbShift,
    invert,
  },
} satisfies Record<string, Record<string, PixelTransform>>;

/** Name of a transform. */
export type TransformName =
  | keyof typeof geometricTransforms
  | keyof typeof pixelTransforms.elastic
  | keyof typeof pixelTransforms.blur
  | keyof typeof pixelTransforms.noise
  | keyof typeof pixelTransforms.color;

/** Name of a group; an active group picks one of its members uniformly. */
export type GroupName = 'geometric' | keyof typeof pixelTransforms;

/** Every group and its members, in the order of application. */
export const augmentationGroups: Readonly<Record<GroupName, readonly TransformName[]>> = {
  geometric: Object.keys(geometricTransforms) as TransformName[],
  elastic: Object.keys(pixelTransforms.elastic) as TransformName[],
  blur: Object.keys(pixelTransforms.blur) as TransformName[],
  noise: Object.keys(pixelTransforms.noise) as TransformName[],
  color: Object.keys(pixelTransforms.color) as TransformName[],
};

/** Probabilities of the groups by default: DocClassifier's, which deforms nothing. */
export const defaultGroups: Readonly<Record<GroupName, number>> = {
  geometric: 0.5,
  elastic: 0,
  blur: 0.5,
  noise: 0.5,
  color: 0.5,
};
