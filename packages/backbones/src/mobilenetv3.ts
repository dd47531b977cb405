import type { BackboneEntry } from './backbone.js';
import { makeDivisible } from './make-divisible.js';
import { MobileBackbone } from './mobile-backbone.js';
import { type BlockSpec, cn, ds, ir, type SqueezePlan } from './mobile-blocks.js';

const relu = { activation: 'relu' } as const;
const se = { se: 0.25 };

// The stages of MobileNetV3 (Howard et al., 2019) as timm groups them. Rows without ReLU use hard-swish.
const SMALL = [
  [ds(1, 3, 2, 16, { ...se, ...relu })],
  [ir(1, 3, 2, 4.5, 24, relu), ir(1, 3, 1, 3.67, 24, relu)],
  [ir(1, 5, 2, 4, 40, se), ir(2, 5, 1, 6, 40, se)],
  [ir(2, 5, 1, 3, 48, se)],
  [ir(3, 5, 2, 6, 96, se)],
  [cn(1, 1, 1, 576)],
];

const LARGE = [
  [ds(1, 3, 1, 16, relu)],
  [ir(1, 3, 2, 4, 24, relu), ir(1, 3, 1, 3, 24, relu)],
  [ir(3, 5, 2, 3, 40, { ...se, ...relu })],
  [ir(1, 3, 2, 6, 80), ir(1, 3, 1, 2.5, 80), ir(2, 3, 1, 2.3, 80)],
  [ir(2, 3, 1, 6, 112, se)],
  [ir(3, 5, 2, 6, 160, se)],
  [cn(1, 1, 1, 960)],
];

const SQUEEZE: SqueezePlan = { of: 'middle', divisor: 8 };

/** MobileNetV3 (Howard et al., "Searching for MobileNetV3", 2019) with timm's names. */
class MobileNetV3 extends MobileBackbone {}

const mobilenetv3 = (stages: BlockSpec[][], width: number): BackboneEntry => {
  // Below width 0.75 the stem keeps its 16 channels.
  const stem = width < 0.75 ? 16 : makeDivisible(16 * width);
  const plan = { stem, stages, width, activation: 'hard_swish', squeeze: SQUEEZE } as const;
  return { inputSize: 224, make: (options) => new MobileNetV3(plan, options) };
};

/** The MobileNetV3 family by timm's names. */
export const mobilenetv3s = {
  mobilenetv3_small_050: mobilenetv3(SMALL, 0.5),
  mobilenetv3_small_075: mobilenetv3(SMALL, 0.75),
  mobilenetv3_small_100: mobilenetv3(SMALL, 1),
  mobilenetv3_large_075: mobilenetv3(LARGE, 0.75),
  mobilenetv3_large_100: mobilenetv3(LARGE, 1),
};
