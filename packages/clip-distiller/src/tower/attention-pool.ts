import * as tf from '@tensorflow/tfjs-core';
import { initializers, Linear, Module, type Random } from '@unitsphere/core';

/**
 * CLIP's attention pooling of a feature map: multi-head attention whose query is the mean of all positions and whose keys and
 * values are all positions and that mean, followed by a linear layer. State dict: `positional_embedding` [1 + side², channels], `k_proj`, `q_proj`, `v_proj`, `c_proj`.
 * @see Radford et al., "Learning Transferable Visual Models From Natural Language Supervision" (2021), AttentionPool2d.
 */
export class AttentionPool2d extends Module<tf.Tensor4D, tf.Tensor2D> {
  readonly #positions;
  readonly #keys;
  readonly #queries;
  readonly #values;
  readonly #out;

  readonly #side: number;
  readonly #channels: number;
  readonly #heads: number;

  /** @param side Height and width of the feature map. */
  constructor(side: number, channels: number, heads: number, outputs: number, random: Random) {
    super();
    this.#side = side;
    this.#channels = channels;
    this.#heads = heads;

    const shape = [side ** 2 + 1, channels];
    const positions = initializers.normal(shape, random.fork('positions'), 0, channels ** -0.5);
    this.#positions = this.parameter('positional_embedding', shape, positions, { weightDecay: false });
    const linear = (name: string, to: number) =>
      this.child(name, new Linear(channels, to, { random: random.fork(name) }));
    this.#keys = linear('k_proj', channels);
    this.#queries = linear('q_proj', channels);
    this.#values = linear('v_proj', channels);
    this.#out = linear('c_proj', outputs);
  }

  /** @param x float32 [batch, side, side, channels]. @returns float32 [batch, outputs]. */
  override forward(x: tf.Tensor4D): tf.Tensor2D {
    const heads = this.#heads;
    const channels = this.#channels;
    const side = this.#side;
    const [batch, height, width] = x.shape;
    if (height !== side || width !== side) {
      throw new Error(
        `AttentionPool2d: the positions are for feature maps of ${side}x${side}, not ${height}x${width}.`,
      );
    }
    const values = tf.reshape(x, [batch, side * side, channels]);
    const tokens = tf.add(tf.concat([tf.mean(values, 1, true), values], 1), this.#positions.variable);
    const all = tf.reshape(tokens, [-1, channels]) as tf.Tensor2D;
    const mean = tf.reshape(tf.slice(tokens, [0, 0, 0], [-1, 1, -1]), [batch, channels]) as tf.Tensor2D;
    const query = tf.mul(this.#queries.forward(mean), (channels / heads) ** -0.5);
    const scores = tf.matMul(
      this.#splitHeads(query, batch),
      this.#splitHeads(this.#keys.forward(all), batch),
      false,
      true,
    );
    const attended = tf.matMul(tf.softmax(scores), this.#splitHeads(this.#values.forward(all), batch));
    return this.#out.forward(tf.reshape(attended, [batch, channels]) as tf.Tensor2D);
  }

  /** Reshapes [batch · tokens, channels] to [batch · heads, tokens, channels / heads]. */
  #splitHeads(x: tf.Tensor, batch: number): tf.Tensor3D {
    const width = this.#channels / this.#heads;
    const split = tf.transpose(tf.reshape(x, [batch, -1, this.#heads, width]), [0, 2, 1, 3]);
    return tf.reshape(split, [batch * this.#heads, -1, width]) as tf.Tensor3D;
  }
}
