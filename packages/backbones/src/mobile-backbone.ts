import { Conv2d, Sequential } from '@unitsphere/core';
import { BatchNorm2d } from '@unitsphere/norms';
import type { Activation } from '@unitsphere/ops';
import type { BackboneOptions } from './backbone.js';
import type { Layer } from './layer.js';
import { makeDivisible } from './make-divisible.js';
import { type BlockSpec, makeBlock, type SqueezePlan, TF_NORM } from './mobile-blocks.js';
import { type Step, StepBackbone } from './step-backbone.js';
import { TfConv2d } from './tf-padding.js';

/** Definition of a network of the mobile families: a stem of stride 2 and a table of stages. */
export interface MobilePlan {
  /** Number of channels of the stem. */
  stem: number;
  stages: readonly (readonly BlockSpec[])[];
  /** Factor of every stage's channels. Default 1. */
  width?: number;
  /** Activation of the stem, and of every block that does not specify its own. */
  activation: Activation;
  squeeze?: SqueezePlan;
  /** Whether to match networks trained in TensorFlow: SAME padding of strided convolutions, batch norm epsilon 1e-3. */
  tensorflow?: boolean;
}

/** Base class of LCNet, MobileNet and EfficientNet without heads, as timm's MobileNetV3Features and EfficientNetFeatures. */
export class MobileBackbone extends StepBackbone {
  constructor(plan: MobilePlan, options: BackboneOptions) {
    super(stepsOf(plan, options), options);
  }
}

function stepsOf(plan: MobilePlan, { random, inChannels = 3, dropPathRate = 0 }: BackboneOptions): Step[] {
  const { stem, stages, width = 1, activation, squeeze = { of: 'middle' }, tensorflow = false } = plan;
  const StemConv = tensorflow ? TfConv2d : Conv2d;
  const blockCount = stages.flat().reduce((count, { repeat }) => count + repeat, 0);
  const steps: Step[] = [
    {
      name: 'conv_stem',
      make: () => new StemConv(inChannels, stem, { kernelSize: 3, stride: 2, random: random.fork('stem') }),
    },
    { name: 'bn1', make: () => new BatchNorm2d(stem, { activation, ...(tensorflow && TF_NORM) }) },
  ];
  let channels = stem;
  let reduction = 2;
  let blocksBefore = 0;
  // Each reduction ends with a map, so the stem outputs one if the first stage halves the size at once.
  const endsReduction = (stage: number) => stages[stage]?.[0]?.stride !== 1;
  if (endsReduction(0)) steps[1].map = { channels, reduction };
  stages.forEach((specs, stage) => {
    const blocks = specs.flatMap((spec) =>
      Array.from({ length: spec.repeat }, (_, i) => ({ spec, stride: i === 0 ? spec.stride : 1 })),
    );
    const makers = blocks.map(({ spec, stride }, i): (() => Layer) => {
      const site = {
        inChannels: channels,
        outChannels: makeDivisible(spec.channels * width),
        stride,
        activation: spec.activation ?? activation,
        squeeze,
        tensorflow,
        dropPathRate: (dropPathRate * blocksBefore) / blockCount,
        random: random.fork('block', stage, i),
      };
      channels = site.outChannels;
      reduction *= stride;
      blocksBefore++;
      return () => makeBlock(spec, site);
    });
    steps.push({
      name: `blocks.${stage}`,
      make: () => new Sequential(...makers.map((make) => make())) as unknown as Layer,
      ...(endsReduction(stage + 1) && { map: { channels, reduction } }),
    });
  });
  return steps;
}
