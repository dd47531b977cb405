import type * as tf from '@tensorflow/tfjs-core';
import { type Layer, Residual, type Step, StepBackbone } from '@unitsphere/backbones';
import { Conv2d, Module, type Random, Sequential } from '@unitsphere/core';
import { BatchNorm2d } from '@unitsphere/norms';
import { AttentionPool2d } from './attention-pool.js';
import { AveragePool2d } from './average-pool.js';
import type { ClipTower } from './clip-tower.js';
import type { ClipResNetConfig } from './configs.js';

const EXPANSION = 4;
/** Input pixels per pixel of the last feature map, along an axis. */
const REDUCTION = 32;

/**
 * Image tower of CLIP's ResNets: a stem of three convolutions, average pooling instead of strided convolutions (anti-aliasing),
 * and attention pooling. Its keys are those of OpenAI and OpenCLIP without `visual.`; `features` returns the feature maps of
 * the four stages.
 * @see Radford et al., "Learning Transferable Visual Models From Natural Language Supervision" (2021), ModifiedResNet.
 */
export class ClipResNet extends StepBackbone implements ClipTower {
  readonly imageSize: number;
  readonly width: number;
  readonly #attnpool;

  constructor(
    readonly config: ClipResNetConfig,
    random: Random,
  ) {
    super(stepsOf(config, random), {});
    this.imageSize = config.imageSize;
    this.width = config.embedDim;
    const channels = config.width * 8 * EXPANSION;
    this.#attnpool = this.child(
      'attnpool',
      new AttentionPool2d(
        config.imageSize / REDUCTION,
        channels,
        config.heads,
        config.embedDim,
        random.fork('attnpool'),
      ),
    );
  }

  embed(x: tf.Tensor4D): tf.Tensor2D {
    return this.#attnpool.forward(this.forward(x));
  }
}

function stepsOf({ width, depths }: ClipResNetConfig, random: Random): Step[] {
  const convolution = (name: string, from: number, to: number, stride = 1): Step => ({
    name,
    make: () => new Conv2d(from, to, { kernelSize: 3, stride, random: random.fork(name) }),
  });
  const norm = (name: string, channels: number): Step => ({
    name,
    make: () => new BatchNorm2d(channels, { activation: 'relu' }),
  });
  const steps: Step[] = [
    convolution('conv1', 3, width / 2, 2),
    norm('bn1', width / 2),
    convolution('conv2', width / 2, width / 2),
    norm('bn2', width / 2),
    convolution('conv3', width / 2, width),
    norm('bn3', width),
    { name: 'avgpool', make: () => new AveragePool2d(2) },
  ];
  let channels = width;
  depths.forEach((depth, stage) => {
    const planes = width << stage;
    const first = channels;
    channels = planes * EXPANSION;
    const out = channels;
    steps.push({
      name: `layer${stage + 1}`,
      make: () =>
        new Sequential(
          ...Array.from({ length: depth }, (_, i) =>
            bottleneck(
              i === 0 ? first : out,
              planes,
              i === 0 && stage > 0 ? 2 : 1,
              random.fork('block', stage, i),
            ),
          ),
        ) as unknown as Layer,
      map: { channels: out, reduction: 4 << stage },
    });
  });
  return steps;
}

function bottleneck(inChannels: number, planes: number, stride: number, random: Random): Layer {
  const out = planes * EXPANSION;
  const conv = (from: number, to: number, kernelSize: number, name: string) =>
    new Conv2d(from, to, { kernelSize, random: random.fork(name) });
  const relu = () => new BatchNorm2d(planes, { activation: 'relu' });
  const layers: [string, Layer][] = [
    ['conv1', conv(inChannels, planes, 1, 'conv1')],
    ['bn1', relu()],
    ['conv2', conv(planes, planes, 3, 'conv2')],
    ['bn2', relu()],
    ...(stride > 1 ? [['avgpool', new AveragePool2d(stride)] as [string, Layer]] : []),
    ['conv3', conv(planes, out, 1, 'conv3')],
    ['bn3', new BatchNorm2d(out)],
  ];
  const isIdentity = stride === 1 && inChannels === out;
  return new Residual(layers, {
    shortcut: isIdentity
      ? 'identity'
      : { name: 'downsample', layer: new Downsample(inChannels, out, stride, random) },
    activation: 'relu',
  });
}

/** Shortcut of a block that changes the shape. The pooling layer has no key: the keys of the layers after it begin at 0. */
class Downsample extends Module<tf.Tensor4D, tf.Tensor4D> {
  readonly #pool;
  readonly #conv;
  readonly #norm;

  constructor(inChannels: number, outChannels: number, stride: number, random: Random) {
    super();
    this.#pool = new AveragePool2d(stride);
    this.#conv = this.child(
      '0',
      new Conv2d(inChannels, outChannels, { kernelSize: 1, random: random.fork('downsample') }),
    );
    this.#norm = this.child('1', new BatchNorm2d(outChannels));
  }

  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return this.#norm.forward(this.#conv.forward(this.#pool.forward(x)));
  }
}
