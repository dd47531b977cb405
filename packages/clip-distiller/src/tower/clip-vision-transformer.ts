import * as tf from '@tensorflow/tfjs-core';
import { VisionTransformer } from '@unitsphere/backbones';
import { Linear, type Random, type StateDict } from '@unitsphere/core';
import { LayerNorm } from '@unitsphere/norms';
import type { ClipTower } from './clip-tower.js';
import type { ClipVisionTransformerConfig } from './configs.js';

const EPSILON = 1e-5;

/**
 * Image tower of CLIP's vision transformers: the trunk with a norm before its first block, then a norm and a linear layer
 * without bias on the class token. Its keys are timm's (`norm_pre`, `blocks.0.attn.qkv.weight`, …, `head.weight`).
 * @see Radford et al., "Learning Transferable Visual Models From Natural Language Supervision" (2021), VisionTransformer.
 */
export class ClipVisionTransformer extends VisionTransformer implements ClipTower {
  readonly imageSize: number;
  readonly width: number;
  readonly #norm;
  readonly #head;

  constructor(
    readonly config: ClipVisionTransformerConfig,
    random: Random,
  ) {
    const { imageSize, patchSize, width: channels, depth, heads, activation, embedDim } = config;
    super(
      { channels, heads, depth, patchSize, epsilon: EPSILON, activation, preNorm: true },
      { random, inputSize: imageSize },
    );
    this.imageSize = imageSize;
    this.width = embedDim;
    this.#norm = this.child('norm', new LayerNorm(channels, { epsilon: EPSILON }));
    this.#head = this.child(
      'head',
      new Linear(channels, embedDim, { bias: false, std: channels ** -0.5, random: random.fork('head') }),
    );
  }

  /** Returns the state dict itself: a teacher of another image size would not be the published one. */
  override adaptPositions(state: StateDict): StateDict {
    return state;
  }

  embed(x: tf.Tensor4D): tf.Tensor2D {
    const tokens = this.tokens(x);
    const [batch, , channels] = tokens.shape;
    const classToken = tf.reshape(tf.slice(tokens, [0, 0, 0], [-1, 1, -1]), [batch, channels]);
    return this.#head.forward(this.#norm.forward(classToken) as tf.Tensor2D);
  }
}
