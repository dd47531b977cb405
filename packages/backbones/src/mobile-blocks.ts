import { Conv2d, DepthwiseConv2d, type Random } from '@unitsphere/core';
import { BatchNorm2d } from '@unitsphere/norms';
import type { Activation } from '@unitsphere/ops';
import type { Layer } from './layer.js';
import { makeDivisible } from './make-divisible.js';
import { Residual } from './residual.js';
import { SqueezeExcite, type SqueezeExciteOptions } from './squeeze-excite.js';
import { TfConv2d, TfDepthwiseConv2d } from './tf-padding.js';

/** Optional settings of a row of a stage table. */
export interface BlockExtras {
  /** Ratio of squeeze-and-excitation. Default: no squeeze-and-excitation. */
  se?: number;
  /** Activation of the block. Default: the network's. */
  activation?: Activation;
}

/** One row of a stage table, in timm's terms. */
export interface BlockSpec extends BlockExtras {
  kind: 'ds' | 'dsa' | 'ir' | 'er' | 'cn' | 'uir';
  repeat: number;
  kernel: number;
  /** Stride of the first of the repeated blocks; the others have stride 1. */
  stride: number;
  /** Ratio of middle channels to input channels. */
  expand: number;
  /** Number of output channels at width 1. */
  channels: number;
  /** Kernel size of the depthwise convolution at the start of a universal inverted bottleneck; 0 for none. */
  start: number;
}

const row = (kind: BlockSpec['kind']) => ({ kind, expand: 1, start: 0 });

/** Depthwise separable: depthwise, pointwise. */
export const ds = (repeat: number, kernel: number, stride: number, channels: number, more?: BlockExtras) =>
  ({ ...row('ds'), repeat, kernel, stride, channels, ...more }) satisfies BlockSpec;

/** Depthwise separable with a final activation, without a shortcut. */
export const dsa = (repeat: number, kernel: number, stride: number, channels: number, more?: BlockExtras) =>
  ({ ...row('dsa'), repeat, kernel, stride, channels, ...more }) satisfies BlockSpec;

/** Inverted residual (MobileNetV2): pointwise expansion, depthwise, pointwise projection. */
export const ir = (
  repeat: number,
  kernel: number,
  stride: number,
  expand: number,
  channels: number,
  more?: BlockExtras,
) => ({ ...row('ir'), repeat, kernel, stride, expand, channels, ...more }) satisfies BlockSpec;

/** Edge residual, or fused inverted bottleneck: dense expansion, pointwise projection. */
export const er = (repeat: number, kernel: number, stride: number, expand: number, channels: number) =>
  ({ ...row('er'), repeat, kernel, stride, expand, channels }) satisfies BlockSpec;

/** Convolution, norm, activation. */
export const cn = (repeat: number, kernel: number, stride: number, channels: number) =>
  ({ ...row('cn'), repeat, kernel, stride, channels }) satisfies BlockSpec;

/** Universal inverted bottleneck (MobileNetV4): depthwise kernel sizes at the start and in the middle, each 0 for none. */
export const uir = (
  repeat: number,
  start: number,
  kernel: number,
  stride: number,
  expand: number,
  channels: number,
) => ({ ...row('uir'), repeat, start, kernel, stride, expand, channels }) satisfies BlockSpec;

/** Squeeze-and-excitation of a family of networks. */
export interface SqueezePlan extends SqueezeExciteOptions {
  /** Whether a row's ratio refers to the block's middle channels or to its input channels. */
  of: 'middle' | 'input';
  /** Squeezed channels are rounded to a multiple of this, like widths. Default: rounded to the nearest integer. */
  divisor?: number;
}

/** Position-dependent settings of a block. */
export interface BlockSite {
  inChannels: number;
  outChannels: number;
  stride: number;
  activation: Activation;
  squeeze: SqueezePlan;
  tensorflow: boolean;
  dropPathRate: number;
  random: Random;
}

/** Creates the block of a table row for its position in the network. */
export function makeBlock(spec: BlockSpec, site: BlockSite): Layer {
  const { inChannels, outChannels, stride, random, dropPathRate } = site;
  const skips = stride === 1 && inChannels === outChannels && spec.kind !== 'dsa' && spec.kind !== 'cn';
  return new Residual(layersOf[spec.kind](spec, site), {
    shortcut: skips ? 'identity' : 'none',
    dropPath: { rate: dropPathRate, random },
  });
}

type Named = [string, Layer];

const pointwise = (from: number, to: number, random: Random) =>
  new Conv2d(from, to, { kernelSize: 1, random });
// At stride 1, TensorFlow's padding equals PyTorch's.
const depthwise = (
  channels: number,
  kernelSize: number,
  stride: number,
  { random, tensorflow }: Pick<BlockSite, 'random' | 'tensorflow'>,
  key: string,
) =>
  new (tensorflow && stride > 1 ? TfDepthwiseConv2d : DepthwiseConv2d)(channels, {
    kernelSize,
    stride,
    random: random.fork(key),
  });
const denseConv = ({ tensorflow, stride }: BlockSite) => (tensorflow && stride > 1 ? TfConv2d : Conv2d);
const norm = (channels: number, { tensorflow }: BlockSite, activation: Activation = 'none') =>
  new BatchNorm2d(channels, { activation, ...(tensorflow && TF_NORM) });

/** TensorFlow's batch norm epsilon: timm's BN_EPS_TF_DEFAULT. */
export const TF_NORM = { epsilon: 1e-3 };

function squeezeOf({ se, expand }: BlockSpec, { squeeze, random }: BlockSite, channels: number): Named[] {
  if (!se) return [];
  const exact = channels * (squeeze.of === 'middle' ? se : se / expand);
  const squeezed = squeeze.divisor ? makeDivisible(exact, squeeze.divisor) : Math.round(exact);
  return [['se', new SqueezeExcite(channels, squeezed, random.fork('se'), squeeze)]];
}

const depthwiseSeparable = (spec: BlockSpec, site: BlockSite): Named[] => {
  const { inChannels, outChannels, stride, activation, random } = site;
  return [
    ['conv_dw', depthwise(inChannels, spec.kernel, stride, site, 'dw')],
    ['bn1', norm(inChannels, site, activation)],
    ...squeezeOf(spec, site, inChannels),
    ['conv_pw', pointwise(inChannels, outChannels, random.fork('pw'))],
    ['bn2', norm(outChannels, site, spec.kind === 'dsa' ? activation : 'none')],
  ];
};

const layersOf: Record<BlockSpec['kind'], (spec: BlockSpec, site: BlockSite) => Named[]> = {
  ds: depthwiseSeparable,
  dsa: depthwiseSeparable,
  ir: (spec, site) => {
    const { inChannels, outChannels, stride, activation, random } = site;
    const middle = makeDivisible(inChannels * spec.expand);
    return [
      ['conv_pw', pointwise(inChannels, middle, random.fork('pw'))],
      ['bn1', norm(middle, site, activation)],
      ['conv_dw', depthwise(middle, spec.kernel, stride, site, 'dw')],
      ['bn2', norm(middle, site, activation)],
      ...squeezeOf(spec, site, middle),
      ['conv_pwl', pointwise(middle, outChannels, random.fork('pwl'))],
      ['bn3', norm(outChannels, site)],
    ];
  },
  er: (spec, site) => {
    const { inChannels, outChannels, stride, activation, random } = site;
    const middle = makeDivisible(inChannels * spec.expand);
    const expansion = { kernelSize: spec.kernel, stride, random: random.fork('exp') };
    return [
      ['conv_exp', new (denseConv(site))(inChannels, middle, expansion)],
      ['bn1', norm(middle, site, activation)],
      ['conv_pwl', pointwise(middle, outChannels, random.fork('pwl'))],
      ['bn2', norm(outChannels, site)],
    ];
  },
  cn: (spec, site) => {
    const { inChannels, outChannels, stride, activation, random } = site;
    const window = { kernelSize: spec.kernel, stride, random: random.fork('conv') };
    return [
      ['conv', new (denseConv(site))(inChannels, outChannels, window)],
      ['bn1', norm(outChannels, site, activation)],
    ];
  },
  uir: ({ start, kernel, expand }, site) => {
    const { inChannels, outChannels, stride, activation, random } = site;
    const middle = makeDivisible(inChannels * expand);
    const convNorm = (name: string, conv: Layer, channels: number, then: Activation): Named => [
      name,
      new Residual([
        ['conv', conv],
        ['bn', norm(channels, site, then)],
      ]),
    ];
    const layers: Named[] = [];
    if (start) {
      const conv = depthwise(inChannels, start, kernel ? 1 : stride, site, 'start');
      layers.push(convNorm('dw_start', conv, inChannels, 'none'));
    }
    layers.push(convNorm('pw_exp', pointwise(inChannels, middle, random.fork('exp')), middle, activation));
    if (kernel)
      layers.push(convNorm('dw_mid', depthwise(middle, kernel, stride, site, 'mid'), middle, activation));
    layers.push(
      convNorm('pw_proj', pointwise(middle, outChannels, random.fork('proj')), outChannels, 'none'),
    );
    return layers;
  },
};
