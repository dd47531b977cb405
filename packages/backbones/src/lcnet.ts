import type * as tf from '@tensorflow/tfjs-core';
import { Conv2d, DepthwiseConv2d, Module, type Random, Sequential } from '@unitsphere/core';
import { BatchNorm2d } from '@unitsphere/norms';
import { Backbone, type BackboneFactory, type BackboneOptions, type FeatureInfo } from './backbone.js';
import { makeDivisible } from './make-divisible.js';
import { SqueezeExcite } from './squeeze-excite.js';

interface BlockSpec {
  kernelSize: number;
  stride: number;
  /** Output channels at width 1. */
  channels: number;
  /** Ratio of squeeze-and-excitation, where there is one. */
  squeezeExcite?: number;
}

const STEM_CHANNELS = 16;

const block = (kernelSize: number, stride: number, channels: number, squeezeExcite?: number): BlockSpec => ({
  kernelSize,
  stride,
  channels,
  squeezeExcite,
});

/** The stages of PP-LCNet (Cui et al., 2021) as timm groups them. */
const STAGES: BlockSpec[][] = [
  [block(3, 1, 32)],
  [block(3, 2, 64), block(3, 1, 64)],
  [block(3, 2, 128), block(3, 1, 128)],
  [block(3, 2, 256), block(5, 1, 256)],
  [block(5, 1, 256), block(5, 1, 256), block(5, 1, 256), block(5, 1, 256)],
  [block(5, 2, 512, 0.25), block(5, 1, 512, 0.25)],
];

/** Depthwise convolution, norm, gate, pointwise convolution, norm: hard-swish after both norms. */
class DepthwiseSeparable extends Module<tf.Tensor4D, tf.Tensor4D> {
  private readonly convDw;
  private readonly bn1;
  private readonly se;
  private readonly convPw;
  private readonly bn2;

  constructor(inChannels: number, outChannels: number, spec: BlockSpec, random: Random) {
    super();
    const { kernelSize, stride, squeezeExcite } = spec;
    this.convDw = this.child(
      'conv_dw',
      new DepthwiseConv2d(inChannels, { kernelSize, stride, random: random.fork('dw') }),
    );
    this.bn1 = this.child('bn1', new BatchNorm2d(inChannels, { activation: 'hard_swish' }));
    this.se = squeezeExcite
      ? this.child('se', new SqueezeExcite(inChannels, squeezeExcite, random.fork('se')))
      : undefined;
    this.convPw = this.child(
      'conv_pw',
      new Conv2d(inChannels, outChannels, { kernelSize: 1, random: random.fork('pw') }),
    );
    this.bn2 = this.child('bn2', new BatchNorm2d(outChannels, { activation: 'hard_swish' }));
  }

  override forward(x: tf.Tensor4D): tf.Tensor4D {
    const spatial = this.bn1.forward(this.convDw.forward(x));
    return this.bn2.forward(this.convPw.forward(this.se?.forward(spatial) ?? spatial));
  }
}

/** PP-LCNet (Cui et al., "PP-LCNet: A Lightweight CPU Convolutional Neural Network", 2021) with timm's names. */
class LCNet extends Backbone {
  override readonly featureInfo: readonly FeatureInfo[];
  private readonly convStem;
  private readonly bn1;
  private readonly isFeature: boolean[];
  private readonly stages: Module<tf.Tensor4D, tf.Tensor4D>[];

  constructor(width: number, { random, inChannels = 3 }: BackboneOptions) {
    super();
    const stem = makeDivisible(STEM_CHANNELS * width);
    this.convStem = this.child(
      'conv_stem',
      new Conv2d(inChannels, stem, { kernelSize: 3, stride: 2, random: random.fork('stem') }),
    );
    this.bn1 = this.child('bn1', new BatchNorm2d(stem, { activation: 'hard_swish' }));
    let channels = stem;
    let reduction = 2;
    const info: FeatureInfo[] = [];
    this.stages = STAGES.map((specs, stage) => {
      const blocks = specs.map((spec, i) => {
        const outChannels = makeDivisible(spec.channels * width);
        const made = new DepthwiseSeparable(channels, outChannels, spec, random.fork('block', stage, i));
        channels = outChannels;
        reduction *= spec.stride;
        return made;
      });
      info.push({ channels, reduction });
      return new Sequential(...blocks) as Module<never, tf.Tensor> as Module<tf.Tensor4D, tf.Tensor4D>;
    });
    this.child('blocks', new Sequential(...this.stages));
    // Of the stages at one reduction only the last is a feature map, as in timm.
    this.isFeature = info.map((entry, i) => info[i + 1]?.reduction !== entry.reduction);
    this.featureInfo = info.filter((_, i) => this.isFeature[i]);
  }

  override features(x: tf.Tensor4D): tf.Tensor4D[] {
    const maps: tf.Tensor4D[] = [];
    let value = this.bn1.forward(this.convStem.forward(x));
    this.stages.forEach((stage, i) => {
      value = stage.forward(value);
      if (this.isFeature[i]) maps.push(value);
    });
    return maps;
  }
}

const lcnet =
  (width: number): BackboneFactory =>
  (options) =>
    new LCNet(width, options);

/** The LCNet family by timm's names. */
export const lcnets = {
  lcnet_035: lcnet(0.35),
  lcnet_050: lcnet(0.5),
  lcnet_075: lcnet(0.75),
  lcnet_100: lcnet(1),
  lcnet_150: lcnet(1.5),
};
