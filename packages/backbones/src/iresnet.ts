import { Conv2d, PReLU, type Random, Sequential } from '@unitsphere/core';
import { BatchNorm2d } from '@unitsphere/norms';
import type { BackboneEntry, BackboneOptions } from './backbone.js';
import type { Layer } from './layer.js';
import { Residual } from './residual.js';
import { type Step, StepBackbone } from './step-backbone.js';

// insightface draws every kernel from N(0, 0.1).
const STD = 0.1;

/**
 * IResNet, the ResNet of ArcFace (Deng et al., 2019; Duta et al., "Improved Residual Networks", 2020), with the names of
 * insightface's arcface_torch. Each block is norm – 3x3 – norm – PReLU – 3x3 – norm; there is no pooling. The last layer is
 * the norm before the embedding.
 */
class IResNet extends StepBackbone {
  constructor(depths: readonly number[], options: BackboneOptions) {
    super(stepsOf(depths, options), options);
  }
}

function stepsOf(
  depths: readonly number[],
  { random, inChannels = 3, dropPathRate = 0 }: BackboneOptions,
): Step[] {
  const blockCount = depths.reduce((a, b) => a + b);
  const stem = { kernelSize: 3, std: STD, random: random.fork('stem') };
  const steps: Step[] = [
    { name: 'conv1', make: () => new Conv2d(inChannels, 64, stem) },
    { name: 'bn1', make: () => new BatchNorm2d(64) },
    { name: 'prelu', make: () => new PReLU(64) as unknown as Layer, map: { channels: 64, reduction: 1 } },
  ];
  let inputs = 64;
  let blocksBefore = 0;
  const last = depths.length - 1;
  depths.forEach((depth, stage) => {
    const channels = 64 << stage;
    const makers = Array.from({ length: depth }, (_, i) => {
      const from = i === 0 ? inputs : channels;
      const rate = (dropPathRate * blocksBefore++) / (blockCount - 1);
      return () => makeBlock(from, channels, i === 0 ? 2 : 1, rate, random.fork('block', stage, i));
    });
    inputs = channels;
    steps.push({
      name: `layer${stage + 1}`,
      make: () => new Sequential(...makers.map((make) => make())) as unknown as Layer,
      // The last stage's map is the output of the last norm.
      ...(stage < last && { map: { channels, reduction: 2 << stage } }),
    });
  });
  const map = { channels: inputs, reduction: 2 << last };
  steps.push({ name: 'bn2', make: () => new BatchNorm2d(inputs), map });
  return steps;
}

function makeBlock(
  inChannels: number,
  channels: number,
  stride: number,
  dropPathRate: number,
  random: Random,
): Layer {
  const conv = (from: number, kernelSize: number, step: number, name: string) =>
    new Conv2d(from, channels, { kernelSize, stride: step, std: STD, random: random.fork(name) });
  const layers: [string, Layer][] = [
    ['bn1', new BatchNorm2d(inChannels)],
    ['conv1', conv(inChannels, 3, 1, 'conv1')],
    ['bn2', new BatchNorm2d(channels)],
    ['prelu', new PReLU(channels) as unknown as Layer],
    ['conv2', conv(channels, 3, stride, 'conv2')],
    ['bn3', new BatchNorm2d(channels)],
  ];
  const downsample = () =>
    new Sequential(conv(inChannels, 1, stride, 'downsample'), new BatchNorm2d(channels)) as unknown as Layer;
  return new Residual(layers, {
    shortcut: stride === 1 ? 'identity' : { name: 'downsample', layer: downsample() },
    dropPath: { rate: dropPathRate, random },
  });
}

const iresnet = (...depths: number[]): BackboneEntry => ({
  inputSize: 112,
  make: (options) => new IResNet(depths, options),
});

/** The IResNet family by insightface's names. */
export const iresnets = {
  iresnet18: iresnet(2, 2, 2, 2),
  iresnet34: iresnet(3, 4, 6, 3),
  iresnet50: iresnet(3, 4, 14, 3),
  iresnet100: iresnet(3, 13, 30, 3),
  iresnet200: iresnet(6, 26, 60, 6),
};
