import type { BackboneEntry } from './backbone.js';
import { makeDivisible } from './make-divisible.js';
import { MobileBackbone } from './mobile-backbone.js';
import { type BlockExtras, ds, ir, type SqueezePlan } from './mobile-blocks.js';

const SQUEEZE: SqueezePlan = { of: 'input', activation: 'silu', gate: 'sigmoid' };

/**
 * Creates the stages of EfficientNet (Tan & Le, 2019), with their depths multiplied by a factor.
 * @param ends Depth of the first and the last stage.
 */
function stages(depth: number, extras: BlockExtras, ends = Math.ceil(depth)) {
  const deep = (repeat: number) => Math.ceil(repeat * depth);
  return [
    [ds(ends, 3, 1, 16, extras)],
    [ir(deep(2), 3, 2, 6, 24, extras)],
    [ir(deep(2), 5, 2, 6, 40, extras)],
    [ir(deep(3), 3, 2, 6, 80, extras)],
    [ir(deep(3), 5, 1, 6, 112, extras)],
    [ir(deep(4), 5, 2, 6, 192, extras)],
    [ir(ends, 3, 1, 6, 320, extras)],
  ];
}

/** EfficientNet (Tan & Le, "Rethinking Model Scaling for Convolutional Neural Networks", 2019) with timm's names. */
class EfficientNet extends MobileBackbone {}

const efficientnet = (
  width: number,
  depth: number,
  inputSize: number,
  { tensorflow = false } = {},
): BackboneEntry => ({
  inputSize,
  make: (options) =>
    new EfficientNet(
      {
        stem: makeDivisible(32 * width),
        stages: stages(depth, { se: 0.25 }),
        width,
        activation: 'silu',
        squeeze: SQUEEZE,
        tensorflow,
      },
      options,
    ),
});

/**
 * EfficientNet-Lite: without squeeze-and-excitation, and with ReLU6 in place of SiLU. The stem's width and the depths of the first and
 * the last stage are not scaled.
 */
const efficientnetLite = (
  width: number,
  depth: number,
  inputSize: number,
  { tensorflow = false } = {},
): BackboneEntry => ({
  inputSize,
  make: (options) =>
    new EfficientNet(
      { stem: 32, stages: stages(depth, {}, 1), width, activation: 'relu6', tensorflow },
      options,
    ),
});

const TF = { tensorflow: true };

/**
 * The EfficientNet family by timm's names. Names that begin with `tf_` pad and normalize as the authors' TensorFlow
 * implementation does and can load its weights.
 */
export const efficientnets = {
  efficientnet_b0: efficientnet(1, 1, 224),
  efficientnet_b1: efficientnet(1, 1.1, 240),
  efficientnet_b2: efficientnet(1.1, 1.2, 256),
  efficientnet_lite0: efficientnetLite(1, 1, 224),
  tf_efficientnet_b0: efficientnet(1, 1, 224, TF),
  tf_efficientnet_b1: efficientnet(1, 1.1, 240, TF),
  tf_efficientnet_b2: efficientnet(1.1, 1.2, 260, TF),
  tf_efficientnet_lite0: efficientnetLite(1, 1, 224, TF),
  tf_efficientnet_lite1: efficientnetLite(1, 1.1, 240, TF),
  tf_efficientnet_lite2: efficientnetLite(1.1, 1.2, 260, TF),
};
