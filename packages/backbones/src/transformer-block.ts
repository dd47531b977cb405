import * as tf from '@tensorflow/tfjs-core';
import { DropPath, Linear, Module, type Random } from '@unitsphere/core';
import { LayerNorm } from '@unitsphere/norms';
import { gelu, quickGelu, selfAttention } from '@unitsphere/ops';

/** Options of `TransformerBlock`. */
export interface TransformerBlockOptions {
  channels: number;
  heads: number;
  /** Added to the variance in the norms. */
  epsilon: number;
  /** Activation between the two linear layers. */
  activation: 'gelu' | 'quick_gelu';
  /** Drop rate of both branches (stochastic depth). */
  dropPathRate: number;
  /** Random stream of the initial weights. */
  random: Random;
}

const STD = 0.02;

/** One linear layer for queries, keys and values, then attention, then a linear layer: timm's Attention. */
class Attention extends Module<tf.Tensor3D, tf.Tensor3D> {
  readonly #qkv;
  readonly #proj;

  readonly #channels: number;
  readonly #heads: number;

  constructor(channels: number, heads: number, random: Random) {
    super();
    this.#channels = channels;
    this.#heads = heads;

    this.#qkv = this.child(
      'qkv',
      new Linear(channels, 3 * channels, { std: STD, random: random.fork('qkv') }),
    );
    this.#proj = this.child(
      'proj',
      new Linear(channels, channels, { std: STD, random: random.fork('proj') }),
    );
  }

  override forward(x: tf.Tensor3D): tf.Tensor3D {
    const qkv = tf.reshape(this.#qkv.forward(rows(x)), [x.shape[0], x.shape[1], 3 * this.#channels]);
    const mixed = selfAttention(qkv as tf.Tensor3D, this.#heads);
    return tf.reshape(this.#proj.forward(rows(mixed)), x.shape);
  }
}

/** Two linear layers with an activation between them: timm's Mlp. */
class Mlp extends Module<tf.Tensor3D, tf.Tensor3D> {
  readonly #fc1;
  readonly #fc2;

  readonly #activation: TransformerBlockOptions['activation'];

  constructor(channels: number, activation: TransformerBlockOptions['activation'], random: Random) {
    super();
    this.#activation = activation;

    this.#fc1 = this.child(
      'fc1',
      new Linear(channels, 4 * channels, { std: STD, random: random.fork('fc1') }),
    );
    this.#fc2 = this.child(
      'fc2',
      new Linear(4 * channels, channels, { std: STD, random: random.fork('fc2') }),
    );
  }

  override forward(x: tf.Tensor3D): tf.Tensor3D {
    const activate = this.#activation === 'gelu' ? gelu : quickGelu;
    return tf.reshape(this.#fc2.forward(activate(this.#fc1.forward(rows(x)))), x.shape);
  }
}

const rows = (x: tf.Tensor3D) => tf.reshape(x, [-1, x.shape[2]]) as tf.Tensor2D;

/** x + attention(norm(x)), then x + mlp(norm(x)), with timm's names. */
export class TransformerBlock extends Module<tf.Tensor3D, tf.Tensor3D> {
  readonly #norm1;
  readonly #attn;
  readonly #norm2;
  readonly #mlp;
  readonly #dropPaths: DropPath<tf.Tensor3D>[];

  constructor({ channels, heads, epsilon, activation, dropPathRate, random }: TransformerBlockOptions) {
    super();
    this.#norm1 = this.child('norm1', new LayerNorm(channels, { epsilon }));
    this.#attn = this.child('attn', new Attention(channels, heads, random.fork('attn')));
    this.#norm2 = this.child('norm2', new LayerNorm(channels, { epsilon }));
    this.#mlp = this.child('mlp', new Mlp(channels, activation, random.fork('mlp')));
    this.#dropPaths = [1, 2].map((i) =>
      this.child(`drop_path${i}`, new DropPath<tf.Tensor3D>(dropPathRate, random.fork('drop_path', i))),
    );
  }

  override forward(x: tf.Tensor3D): tf.Tensor3D {
    const [first, second] = this.#dropPaths as [DropPath<tf.Tensor3D>, DropPath<tf.Tensor3D>];
    const attended = this.#attn.forward(this.#norm1.forward(x) as tf.Tensor3D);
    const middle = tf.add(x, first.forward(attended)) as tf.Tensor3D;
    const mixed = this.#mlp.forward(this.#norm2.forward(middle) as tf.Tensor3D);
    return tf.add(middle, second.forward(mixed)) as tf.Tensor3D;
  }
}
