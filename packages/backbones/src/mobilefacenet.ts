import { Conv2d, DepthwiseConv2d, GroupedConv2d, PReLU, type Random } from '@unitsphere/core';
import { BatchNorm2d } from '@unitsphere/norms';
import type { BackboneEntry, BackboneOptions } from './backbone.js';
import type { Layer } from './layer.js';
import { Residual } from './residual.js';
import { type Step, StepBackbone } from './step-backbone.js';

interface MobileFaceNetPlan {
  /** Number of blocks after the stem and after each halving block. */
  depths: readonly [number, number, number, number];
  /** Factor of the channels between the blocks; the channels within the blocks do not change. */
  scale: number;
}

// Per stage: channels between the blocks at scale 1, within the halving block, and within the blocks after it.
const STAGES = [
  { channels: 64, halving: 128, middle: 128 },
  { channels: 128, halving: 256, middle: 256 },
  { channels: 128, halving: 512, middle: 256 },
];
const LAST_CHANNELS = 512;

/**
 * MobileFaceNet (Chen et al., 2018) with the names and sizes of insightface's arcface_torch, up to the 1x1 convolution
 * before the global depthwise convolution.
 */
class MobileFaceNet extends StepBackbone {
  constructor(plan: MobileFaceNetPlan, options: BackboneOptions) {
    super(stepsOf(plan, options), options);
  }
}

function stepsOf(
  { depths, scale }: MobileFaceNetPlan,
  { random, inChannels = 3, dropPathRate = 0 }: BackboneOptions,
): Step[] {
  const stem = 64 * scale;
  const blockCount = depths.reduce((a, b) => a + b);
  let blocksBefore = 0;
  /** Creates blocks of one size with shortcuts. */
  const blocks = (channels: number, middle: number, stage: number) => {
    const makers = Array.from({ length: depths[stage] }, (_, i) => {
      const dropPath = {
        rate: (dropPathRate * ++blocksBefore) / blockCount,
        random: random.fork('block', stage, i),
      };
      return () => bottleneck(channels, channels, middle, 1, dropPath.random, dropPath);
    });
    return () => chain(...makers.map((make) => make()));
  };
  // A single block after the stem is a grouped convolution instead of a bottleneck.
  const first = () => {
    const options = { kernelSize: 3, std: stdOf(stem, 3), random: random.fork('first') };
    return withPrelu(new GroupedConv2d(stem, stem, 64, options), stem);
  };
  const conv = { kernelSize: 3, stride: 2, random: random.fork('stem') };
  const steps: Step[] = [
    { name: 'layers.0', make: () => withPrelu(new Conv2d(inChannels, stem, conv), stem) },
    {
      name: 'layers.1',
      make: depths[0] === 1 ? first : blocks(stem, 128, 0),
      map: { channels: stem, reduction: 2 },
    },
  ];
  let inputs = stem;
  STAGES.forEach(({ channels, halving, middle }, i) => {
    const [from, to] = [inputs, channels * scale];
    const halve = () => bottleneck(from, to, halving, 2, random.fork('halving', i));
    const map = { channels: to, reduction: 4 << i };
    steps.push({ name: `layers.${2 * i + 2}`, make: halve });
    // The last stage's map is the output of the last convolution.
    const isLast = i === STAGES.length - 1;
    steps.push({ name: `layers.${2 * i + 3}`, make: blocks(to, middle, i + 1), ...(!isLast && { map }) });
    inputs = to;
  });
  steps.push({
    name: 'conv_sep',
    make: () => {
      const sep = new Conv2d(inputs, LAST_CHANNELS, { kernelSize: 1, random: random.fork('sep') });
      return withPrelu(sep, LAST_CHANNELS);
    },
    map: { channels: LAST_CHANNELS, reduction: 4 << (STAGES.length - 1) },
  });
  return steps;
}

/** Computes the standard deviation of insightface's initial kernels, which ignores groups. */
const stdOf = (outChannels: number, kernelSize: number) => Math.sqrt(2 / (outChannels * kernelSize ** 2));

/** Chains layers under insightface's names: layers.0, layers.1, … */
const chain = (...layers: Layer[]) => new Residual(numbered(layers));
const numbered = (layers: Layer[]) => layers.map((layer, i): [string, Layer] => [`layers.${i}`, layer]);

const withPrelu = (conv: Layer, channels: number) =>
  chain(conv, new BatchNorm2d(channels), new PReLU(channels) as unknown as Layer);

/** Creates pointwise, depthwise and pointwise layers, the last without an activation, with a shortcut at stride 1. */
function bottleneck(
  inChannels: number,
  outChannels: number,
  middle: number,
  stride: number,
  random: Random,
  dropPath?: { rate: number; random: Random },
): Layer {
  const pointwise = (from: number, to: number, name: string) =>
    new Conv2d(from, to, { kernelSize: 1, random: random.fork(name) });
  const depthwise = { kernelSize: 3, stride, std: stdOf(middle, 3), random: random.fork('depthwise') };
  const layers = [
    withPrelu(pointwise(inChannels, middle, 'expand'), middle),
    withPrelu(new DepthwiseConv2d(middle, depthwise), middle),
    chain(pointwise(middle, outChannels, 'project'), new BatchNorm2d(outChannels)),
  ];
  return new Residual(numbered(layers), { shortcut: stride === 1 ? 'identity' : 'none', dropPath });
}

const mobilefacenet = (plan: MobileFaceNetPlan): BackboneEntry => ({
  inputSize: 112,
  make: (options) => new MobileFaceNet(plan, options),
});

/** MobileFaceNet: insightface's "mbf" and "mbf_large". */
export const mobilefacenets = {
  mobilefacenet: mobilefacenet({ depths: [1, 4, 6, 2], scale: 2 }),
  mobilefacenet_large: mobilefacenet({ depths: [2, 8, 12, 4], scale: 4 }),
};
