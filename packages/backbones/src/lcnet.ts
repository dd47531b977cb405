import type { BackboneEntry } from './backbone.js';
import { makeDivisible } from './make-divisible.js';
import { MobileBackbone } from './mobile-backbone.js';
import { dsa } from './mobile-blocks.js';

// The stages of PP-LCNet (Cui et al., 2021) as timm groups them.
const STAGES = [
  [dsa(1, 3, 1, 32)],
  [dsa(1, 3, 2, 64), dsa(1, 3, 1, 64)],
  [dsa(1, 3, 2, 128), dsa(1, 3, 1, 128)],
  [dsa(1, 3, 2, 256), dsa(1, 5, 1, 256)],
  [dsa(4, 5, 1, 256)],
  [dsa(1, 5, 2, 512, { se: 0.25 }), dsa(1, 5, 1, 512, { se: 0.25 })],
];

/** PP-LCNet (Cui et al., "PP-LCNet: A Lightweight CPU Convolutional Neural Network", 2021) with timm's names. */
class LCNet extends MobileBackbone {}

const lcnet = (width: number): BackboneEntry => ({
  inputSize: 224,
  make: (options) =>
    new LCNet({ stem: makeDivisible(16 * width), stages: STAGES, width, activation: 'hard_swish' }, options),
});

/** The LCNet family by timm's names. */
export const lcnets = {
  lcnet_035: lcnet(0.35),
  lcnet_050: lcnet(0.5),
  lcnet_075: lcnet(0.75),
  lcnet_100: lcnet(1),
  lcnet_150: lcnet(1.5),
};
