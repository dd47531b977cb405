import type { BackboneEntry } from './backbone.js';
import { makeDivisible } from './make-divisible.js';
import { MobileBackbone } from './mobile-backbone.js';
import { type BlockSpec, cn, er, uir } from './mobile-blocks.js';

// The stages of the convolutional MobileNetV4s (Qin et al., 2024) as timm groups them.
const SMALL = [
  [cn(1, 3, 2, 32), cn(1, 1, 1, 32)],
  [cn(1, 3, 2, 96), cn(1, 1, 1, 64)],
  [uir(1, 5, 5, 2, 3, 96), uir(4, 0, 3, 1, 2, 96), uir(1, 3, 0, 1, 4, 96)],
  [
    uir(1, 3, 3, 2, 6, 128),
    uir(1, 5, 5, 1, 4, 128),
    uir(1, 0, 5, 1, 4, 128),
    uir(1, 0, 5, 1, 3, 128),
    uir(2, 0, 3, 1, 4, 128),
  ],
  [cn(1, 1, 1, 960)],
];

const MEDIUM = [
  [er(1, 3, 2, 4, 48)],
  [uir(1, 3, 5, 2, 4, 80), uir(1, 3, 3, 1, 2, 80)],
  [
    uir(1, 3, 5, 2, 6, 160),
    uir(2, 3, 3, 1, 4, 160),
    uir(1, 3, 5, 1, 4, 160),
    uir(1, 3, 3, 1, 4, 160),
    uir(1, 3, 0, 1, 4, 160),
    uir(1, 0, 0, 1, 2, 160),
    uir(1, 3, 0, 1, 4, 160),
  ],
  [
    uir(1, 5, 5, 2, 6, 256),
    uir(1, 5, 5, 1, 4, 256),
    uir(2, 3, 5, 1, 4, 256),
    uir(1, 0, 0, 1, 4, 256),
    uir(1, 3, 0, 1, 4, 256),
    uir(1, 3, 5, 1, 2, 256),
    uir(1, 5, 5, 1, 4, 256),
    uir(2, 0, 0, 1, 4, 256),
    uir(1, 5, 0, 1, 2, 256),
  ],
  [cn(1, 1, 1, 960)],
];

/** MobileNetV4 (Qin et al., "Universal Models for the Mobile Ecosystem", 2024) with timm's names. */
class MobileNetV4 extends MobileBackbone {}

const mobilenetv4 = (stages: BlockSpec[][], width: number, inputSize: number): BackboneEntry => {
  // Below width 1 the stem keeps its 32 channels.
  const stem = width < 1 ? 32 : makeDivisible(32 * width);
  return {
    inputSize,
    make: (options) => new MobileNetV4({ stem, stages, width, activation: 'relu' }, options),
  };
};

/** The convolutional MobileNetV4s by timm's names. */
export const mobilenetv4s = {
  mobilenetv4_conv_small_035: mobilenetv4(SMALL, 0.35, 224),
  mobilenetv4_conv_small_050: mobilenetv4(SMALL, 0.5, 224),
  mobilenetv4_conv_small: mobilenetv4(SMALL, 1, 224),
  mobilenetv4_conv_medium: mobilenetv4(MEDIUM, 1, 256),
};
