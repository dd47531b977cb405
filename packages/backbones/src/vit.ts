import * as tf from '@tensorflow/tfjs-core';
import { Conv2d, DropPath, initializers, Linear, Module, type Random } from '@unitsphere/core';
import { LayerNorm } from '@unitsphere/norms';
import { gelu, selfAttention } from '@unitsphere/ops';
import { Backbone, type BackboneEntry, type BackboneOptions, type FeatureInfo } from './backbone.js';
import { chooseMaps } from './step-backbone.js';

interface ViTPlan {
  channels: number;
  heads: number;
}

const PATCH = 16;
const INPUT_SIZE = 224;
const DEPTH = 12;
const EPSILON = 1e-6;
const STD = 0.02;

/** Queries, keys and values in one linear layer, attention, and a linear layer: timm's Attention. */
class Attention extends Module<tf.Tensor3D, tf.Tensor3D> {
  private readonly qkv;
  private readonly proj;

  constructor(
    private readonly channels: number,
    private readonly heads: number,
    random: Random,
  ) {
    super();
    this.qkv = this.child(
      'qkv',
      new Linear(channels, 3 * channels, { std: STD, random: random.fork('qkv') }),
    );
    this.proj = this.child('proj', new Linear(channels, channels, { std: STD, random: random.fork('proj') }));
  }

  override forward(x: tf.Tensor3D): tf.Tensor3D {
    const qkv = tf.reshape(this.qkv.forward(rows(x)), [x.shape[0], x.shape[1], 3 * this.channels]);
    const mixed = selfAttention(qkv as tf.Tensor3D, this.heads);
    return tf.reshape(this.proj.forward(rows(mixed)), x.shape);
  }
}

/** Two linear layers with GELU between them: timm's Mlp. */
class Mlp extends Module<tf.Tensor3D, tf.Tensor3D> {
  private readonly fc1;
  private readonly fc2;

  constructor(channels: number, random: Random) {
    super();
    this.fc1 = this.child(
      'fc1',
      new Linear(channels, 4 * channels, { std: STD, random: random.fork('fc1') }),
    );
    this.fc2 = this.child(
      'fc2',
      new Linear(4 * channels, channels, { std: STD, random: random.fork('fc2') }),
    );
  }

  override forward(x: tf.Tensor3D): tf.Tensor3D {
    return tf.reshape(this.fc2.forward(gelu(this.fc1.forward(rows(x)))), x.shape);
  }
}

const rows = (x: tf.Tensor3D) => tf.reshape(x, [-1, x.shape[2]]) as tf.Tensor2D;

/** x + attention(norm(x)), then x + mlp(norm(x)). */
class Block extends Module<tf.Tensor3D, tf.Tensor3D> {
  private readonly norm1;
  private readonly attn;
  private readonly norm2;
  private readonly mlp;
  private readonly dropPaths: DropPath<tf.Tensor3D>[];

  constructor({ channels, heads }: ViTPlan, dropPathRate: number, random: Random) {
    super();
    this.norm1 = this.child('norm1', new LayerNorm(channels, { epsilon: EPSILON }));
    this.attn = this.child('attn', new Attention(channels, heads, random.fork('attn')));
    this.norm2 = this.child('norm2', new LayerNorm(channels, { epsilon: EPSILON }));
    this.mlp = this.child('mlp', new Mlp(channels, random.fork('mlp')));
    this.dropPaths = [1, 2].map((i) =>
      this.child(`drop_path${i}`, new DropPath<tf.Tensor3D>(dropPathRate, random.fork('drop_path', i))),
    );
  }

  override forward(x: tf.Tensor3D): tf.Tensor3D {
    const [first, second] = this.dropPaths as [DropPath<tf.Tensor3D>, DropPath<tf.Tensor3D>];
    const attended = this.attn.forward(this.norm1.forward(x) as tf.Tensor3D);
    const middle = tf.add(x, first.forward(attended)) as tf.Tensor3D;
    const mixed = this.mlp.forward(this.norm2.forward(middle) as tf.Tensor3D);
    return tf.add(middle, second.forward(mixed)) as tf.Tensor3D;
  }
}

/**
 * Vision transformer (Dosovitskiy et al., 2020) of 16x16 patches with timm's names; its maps are the patch tokens behind
 * the blocks that outIndices names (0 to 11), without the class token and the last norm, as timm's features.
 */
class VisionTransformer extends Backbone {
  override readonly featureInfo: readonly FeatureInfo[];
  private readonly clsToken;
  private readonly posEmbed;
  private readonly proj;
  private readonly blocks: { block: Block; wanted: boolean }[];
  private readonly grid: number;
  private readonly channels: number;

  constructor(
    plan: ViTPlan,
    { random, inChannels = 3, outIndices, dropPathRate = 0, inputSize = INPUT_SIZE }: BackboneOptions,
  ) {
    super();
    const { channels } = plan;
    if (!Number.isInteger(inputSize / PATCH) || inputSize < PATCH)
      throw new RangeError(
        `inputSize must be a multiple of ${PATCH} for a vision transformer, not ${inputSize}.`,
      );
    this.grid = inputSize / PATCH;
    this.channels = channels;
    const tokens = this.grid ** 2 + 1;
    const drawn = (shape: number[], std: number, key: string) =>
      initializers.normal(shape, random.fork(key), 0, std);
    const token = [1, 1, channels];
    const positions = [1, tokens, channels];
    this.clsToken = this.parameter('cls_token', token, drawn(token, 1e-6, 'cls'), { weightDecay: false });
    this.posEmbed = this.parameter('pos_embed', positions, drawn(positions, STD, 'pos'), {
      weightDecay: false,
    });
    // As spread as PyTorch's default for convolutions.
    const std = 1 / Math.sqrt(3 * inChannels * PATCH ** 2);
    this.proj = this.child(
      'patch_embed.proj',
      new Conv2d(inChannels, channels, {
        kernelSize: PATCH,
        stride: PATCH,
        padding: 0,
        bias: true,
        std,
        random: random.fork('patch'),
      }),
    );
    const wanted = chooseMaps(DEPTH, outIndices ?? [DEPTH - 3, DEPTH - 2, DEPTH - 1]);
    this.featureInfo = wanted.map(() => ({ channels, reduction: PATCH }));
    this.blocks = Array.from({ length: wanted.at(-1)! + 1 }, (_, i) => {
      const rate = (dropPathRate * i) / (DEPTH - 1);
      const block = this.child(`blocks.${i}`, new Block(plan, rate, random.fork('block', i)));
      return { block, wanted: wanted.includes(i) };
    });
  }

  /** @throws Error for images of another size than inputSize: the positions are learned for that one. */
  override features(x: tf.Tensor4D): tf.Tensor4D[] {
    const { grid, channels } = this;
    const [batch, height, width] = x.shape;
    if (height !== grid * PATCH || width !== grid * PATCH) {
      throw new Error(
        `VisionTransformer: its positions are for images of ${grid * PATCH}x${grid * PATCH} (inputSize), not ${height}x${width}.`,
      );
    }
    const patches = tf.reshape(this.proj.forward(x), [batch, grid * grid, channels]);
    const cls = tf.add(tf.zeros([batch, 1, 1]), this.clsToken.variable);
    let tokens = tf.add(tf.concat([cls, patches], 1), this.posEmbed.variable) as tf.Tensor3D;
    const maps: tf.Tensor4D[] = [];
    for (const { block, wanted } of this.blocks) {
      tokens = block.forward(tokens);
      if (wanted) maps.push(tf.reshape(tf.slice(tokens, [0, 1, 0]), [batch, grid, grid, channels]));
    }
    return maps;
  }
}

const vit = (plan: ViTPlan): BackboneEntry => ({
  inputSize: INPUT_SIZE,
  make: (options) => new VisionTransformer(plan, options),
});

/** Vision transformers by timm's names. */
export const vits = {
  vit_tiny_patch16_224: vit({ channels: 192, heads: 3 }),
  vit_small_patch16_224: vit({ channels: 384, heads: 6 }),
};
