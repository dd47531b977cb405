import { Conv2d, MaxPool2d, type Random, Sequential } from '@unitsphere/core';
import { BatchNorm2d } from '@unitsphere/norms';
import type { BackboneEntry, BackboneOptions } from './backbone.js';
import type { Layer } from './layer.js';
import { Residual } from './residual.js';
import { type Step, StepBackbone } from './step-backbone.js';

interface ResNetPlan {
  block: 'basic' | 'bottleneck';
  /** Number of blocks of each stage. */
  depths: readonly number[];
}

const EXPANSION = { basic: 1, bottleneck: 4 };

/** ResNet (He et al., "Deep Residual Learning for Image Recognition", 2015) with timm's names. The 3x3 convolution has the stride. */
class ResNet extends StepBackbone {
  constructor(plan: ResNetPlan, options: BackboneOptions) {
    super(stepsOf(plan, options), options);
  }
}

function stepsOf(
  { block, depths }: ResNetPlan,
  { random, inChannels = 3, dropPathRate = 0 }: BackboneOptions,
): Step[] {
  const blockCount = depths.reduce((a, b) => a + b);
  const steps: Step[] = [
    {
      name: 'conv1',
      make: () => new Conv2d(inChannels, 64, { kernelSize: 7, stride: 2, random: random.fork('stem') }),
    },
    {
      name: 'bn1',
      make: () => new BatchNorm2d(64, { activation: 'relu' }),
      map: { channels: 64, reduction: 2 },
    },
    { name: 'maxpool', make: () => new MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 }) },
  ];
  let channels = 64;
  let blocksBefore = 0;
  depths.forEach((depth, stage) => {
    const width = 64 << stage;
    const out = width * EXPANSION[block];
    const makers = Array.from({ length: depth }, (_, i) => {
      const site: BlockSite = {
        inChannels: i === 0 ? channels : out,
        width,
        stride: i === 0 && stage > 0 ? 2 : 1,
        dropPathRate: (dropPathRate * blocksBefore++) / (blockCount - 1),
        random: random.fork('block', stage, i),
      };
      return () => makeBlock(block, site);
    });
    channels = out;
    steps.push({
      name: `layer${stage + 1}`,
      make: () => new Sequential(...makers.map((make) => make())) as unknown as Layer,
      map: { channels, reduction: 4 << stage },
    });
  });
  return steps;
}

interface BlockSite {
  inChannels: number;
  width: number;
  stride: number;
  dropPathRate: number;
  random: Random;
}

function makeBlock(block: ResNetPlan['block'], site: BlockSite): Layer {
  const { inChannels, width, stride, dropPathRate, random } = site;
  const out = width * EXPANSION[block];
  const conv = (from: number, to: number, kernelSize: number, step: number, name: string) =>
    new Conv2d(from, to, { kernelSize, stride: step, random: random.fork(name) });
  const relu = () => new BatchNorm2d(width, { activation: 'relu' });
  // As in timm, branches output 0 at first, so that a new network consists of its shortcuts.
  const last = () => new BatchNorm2d(out, { initialScale: 0 });
  const layers: [string, Layer][] =
    block === 'basic'
      ? [
          ['conv1', conv(inChannels, width, 3, stride, 'conv1')],
          ['bn1', relu()],
          ['conv2', conv(width, width, 3, 1, 'conv2')],
          ['bn2', last()],
        ]
      : [
          ['conv1', conv(inChannels, width, 1, 1, 'conv1')],
          ['bn1', relu()],
          ['conv2', conv(width, width, 3, stride, 'conv2')],
          ['bn2', relu()],
          ['conv3', conv(width, out, 1, 1, 'conv3')],
          ['bn3', last()],
        ];
  const downsample = () =>
    new Sequential(conv(inChannels, out, 1, stride, 'downsample'), new BatchNorm2d(out)) as unknown as Layer;
  return new Residual(layers, {
    shortcut: stride === 1 && inChannels === out ? 'identity' : { name: 'downsample', layer: downsample() },
    activation: 'relu',
    dropPath: { rate: dropPathRate, random },
  });
}

const resnet = (block: ResNetPlan['block'], ...depths: number[]): BackboneEntry => ({
  inputSize: 224,
  make: (options) => new ResNet({ block, depths }, options),
});

/** The ResNet family by timm's names. */
export const resnets = {
  resnet18: resnet('basic', 2, 2, 2, 2),
  resnet34: resnet('basic', 3, 4, 6, 3),
  resnet50: resnet('bottleneck', 3, 4, 6, 3),
};
