import * as tf from '@tensorflow/tfjs-core';
import { Conv2d, initializers, runInSequence, type StateDict } from '@unitsphere/core';
import { LayerNorm } from '@unitsphere/norms';
import { Backbone, type BackboneOptions, type FeatureInfo } from './backbone.js';
import { type Grid, resamplePositions } from './resample-positions.js';
import { chooseMaps } from './step-backbone.js';
import { TransformerBlock } from './transformer-block.js';

/** Definition of a vision transformer. */
export interface VisionTransformerPlan {
  channels: number;
  heads: number;
  /** Number of blocks. */
  depth: number;
  /** Height and width of a patch, in pixels. */
  patchSize: number;
  /** Added to the variance in the norms. Default 1e-6, as in timm. */
  epsilon?: number;
  /** Activation between a block's linear layers, by timm's name. Default 'gelu'. */
  activation?: 'gelu' | 'quick_gelu';
  /** Whether to use a norm before the first block (`norm_pre`) and no patch bias, as CLIP does. Default false. */
  preNorm?: boolean;
}

const STD = 0.02;

/**
 * Vision transformer (Dosovitskiy et al., 2020) with timm's names. Its maps are the patch tokens after the blocks in
 * outIndices (0 to depth − 1; default: the last three), without the class token and the last norm, as timm's features.
 */
export class VisionTransformer extends Backbone {
  override readonly featureInfo: readonly FeatureInfo[];
  readonly #clsToken;
  readonly #posEmbed;
  readonly #proj;
  readonly #normPre;
  readonly #blocks: { block: TransformerBlock; hasMap: boolean }[];
  readonly #grid: Grid;
  readonly #channels: number;
  readonly #patchSize: number;

  /** @throws RangeError if inputSize is not a multiple of the patch size, or outIndices names a map that does not exist. */
  constructor(
    plan: VisionTransformerPlan,
    { random, inChannels = 3, outIndices, dropPathRate = 0, inputSize = 224 }: BackboneOptions,
  ) {
    super();
    const { channels, heads, depth, patchSize, epsilon = 1e-6, activation = 'gelu', preNorm = false } = plan;
    const sides = typeof inputSize === 'number' ? ([inputSize, inputSize] as const) : inputSize;
    if (sides.length !== 2 || sides.some((side) => !Number.isInteger(side / patchSize) || side < patchSize)) {
      throw new RangeError(
        `inputSize must be a multiple of ${patchSize} for a vision transformer, or two of them as [height, width], not ${format(inputSize)}.`,
      );
    }
    this.#grid = [sides[0] / patchSize, sides[1] / patchSize];
    this.#channels = channels;
    this.#patchSize = patchSize;
    const tokens = this.#grid[0] * this.#grid[1] + 1;
    const drawn = (shape: number[], std: number, key: string) =>
      initializers.normal(shape, random.fork(key), 0, std);
    const token = [1, 1, channels];
    const positions = [1, tokens, channels];
    this.#clsToken = this.parameter('cls_token', token, drawn(token, 1e-6, 'cls'), { weightDecay: false });
    this.#posEmbed = this.parameter('pos_embed', positions, drawn(positions, STD, 'pos'), {
      weightDecay: false,
    });
    // The standard deviation of PyTorch's default for convolutions.
    const std = 1 / Math.sqrt(3 * inChannels * patchSize ** 2);
    this.#proj = this.child(
      'patch_embed.proj',
      new Conv2d(inChannels, channels, {
        kernelSize: patchSize,
        stride: patchSize,
        padding: 0,
        bias: !preNorm,
        std,
        random: random.fork('patch'),
      }),
    );
    this.#normPre = preNorm ? this.child('norm_pre', new LayerNorm(channels, { epsilon })) : undefined;
    const indices = chooseMaps(
      depth,
      outIndices ?? [depth - 3, depth - 2, depth - 1].filter((index) => index >= 0),
    );
    this.featureInfo = indices.map(() => ({ channels, reduction: patchSize }));
    this.#blocks = Array.from({ length: indices[indices.length - 1] + 1 }, (_, i) => {
      const rate = depth > 1 ? (dropPathRate * i) / (depth - 1) : 0;
      const block = this.child(
        `blocks.${i}`,
        new TransformerBlock({
          channels,
          heads,
          epsilon,
          activation,
          dropPathRate: rate,
          random: random.fork('block', i),
        }),
      );
      return { block, hasMap: indices.includes(i) };
    });
  }

  /** @throws Error for images of another size than inputSize, because the position embeddings are learned for that size. */
  override features(x: tf.Tensor4D): tf.Tensor4D[] {
    const channels = this.#channels;
    const [rows, columns] = this.#grid;
    let tokens = this.#firstTokens(x);
    const maps: tf.Tensor4D[] = [];
    for (const { block, hasMap } of this.#blocks) {
      const before = tokens;
      tokens = tf.tidy(() => block.forward(before));
      before.dispose();
      if (hasMap) maps.push(tf.reshape(tf.slice(tokens, [0, 1, 0]), [x.shape[0], rows, columns, channels]));
    }
    return maps;
  }

  /**
   * Computes all tokens after the last created block, the class token first, without the last norm.
   * @param x float32 [batch, height, width, inChannels], of the size inputSize.
   * @returns float32 [batch, 1 + (height / patchSize) × (width / patchSize), channels].
   * @throws Error for images of another size than inputSize.
   */
  tokens(x: tf.Tensor4D): tf.Tensor3D {
    return runInSequence(this.#blocks, this.#firstTokens(x), ({ block }, tokens) => block.forward(tokens));
  }

  /** Resamples position embeddings of a square grid of another size as timm does, by bicubic interpolation. */
  override adaptPositions(state: StateDict): StateDict {
    const positions = state.get('pos_embed');
    const [rows, columns] = this.#grid;
    const tokens = positions?.shape[1] ?? 0;
    const side = Math.sqrt(tokens - 1);
    const isOther = positions?.shape.length === 3 && tokens !== 1 + rows * columns;
    if (!isOther || positions.shape[0] !== 1 || !Number.isInteger(side) || side < 1) return state;
    return new Map(state).set('pos_embed', resamplePositions(positions, [side, side], this.#grid));
  }

  /** Computes the input of the first block. */
  #firstTokens(x: tf.Tensor4D): tf.Tensor3D {
    const patchSize = this.#patchSize;
    const channels = this.#channels;
    const [rows, columns] = this.#grid;
    const [batch, height, width] = x.shape;
    if (height !== rows * patchSize || width !== columns * patchSize) {
      const inputSize = rows === columns ? rows * patchSize : [rows * patchSize, columns * patchSize];
      throw new Error(
        `${this.constructor.name}: the image is ${height}x${width}, but inputSize is ${format(inputSize)}; resize the image or create the network with another inputSize.`,
      );
    }
    const patches = tf.reshape(this.#proj.forward(x), [batch, rows * columns, channels]);
    const cls = tf.add(tf.zeros([batch, 1, 1]), this.#clsToken.variable);
    const tokens = tf.add(tf.concat([cls, patches], 1), this.#posEmbed.variable) as tf.Tensor3D;
    return this.#normPre ? (this.#normPre.forward(tokens) as tf.Tensor3D) : tokens;
  }
}

function format(inputSize: number | readonly number[]): string {
  return typeof inputSize === 'number' ? String(inputSize) : `[${inputSize.join(', ')}]`;
}
