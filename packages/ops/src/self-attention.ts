import * as tf from '@tensorflow/tfjs-core';
import { checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import type { MatmulPrecision } from './precision/matmul-precision.js';
import { asInput, product } from './precision/product.js';

interface Attrs {
  heads: number;
  precision: MatmulPrecision;
}

/** [batch, tokens, count · channels] as `count` tensors [batch · heads, tokens, channels / heads]. */
function splitHeads(x: tf.Tensor3D, count: number, heads: number): tf.Tensor3D[] {
  const [batch, tokens, size] = x.shape;
  const width = size / count / heads;
  const parts = tf.transpose(tf.reshape(x, [batch, tokens, count, heads, width]), [2, 0, 3, 1, 4]);
  return tf.unstack(tf.reshape(parts, [count, batch * heads, tokens, width])) as tf.Tensor3D[];
}

/** The way back of splitHeads. */
function joinHeads(parts: tf.Tensor3D[], heads: number): tf.Tensor3D {
  const [rows, tokens, width] = parts[0].shape;
  const batch = rows / heads;
  const stacked = tf.reshape(tf.stack(parts), [parts.length, batch, heads, tokens, width]);
  return tf.reshape(tf.transpose(stacked, [1, 3, 0, 2, 4]), [batch, tokens, -1]);
}

/** Of queries and keys as the precision takes them; the softmax is float32. */
const probabilities = (q: tf.Tensor3D, k: tf.Tensor3D) =>
  tf.softmax(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(q.shape[2]))) as tf.Tensor3D;

const gradOp = /* @__PURE__ */ defineOp<{ qkv: tf.Tensor3D; dy: tf.Tensor3D }, Attrs>({
  name: 'UnitsphereSelfAttentionGrad',
  compose: ({ qkv, dy }, { heads, precision }) => {
    const low = (x: tf.Tensor) => asInput(x, precision) as tf.Tensor3D;
    const [q, k, v] = splitHeads(low(qkv) as tf.Tensor3D, 3, heads) as [
      tf.Tensor3D,
      tf.Tensor3D,
      tf.Tensor3D,
    ];
    const [dOut] = splitHeads(low(dy) as tf.Tensor3D, 1, heads) as [tf.Tensor3D];
    const p = probabilities(q, k);
    const dp = tf.matMul(dOut, v, false, true);
    const centered = tf.sub(dp, tf.sum(tf.mul(dp, p), 2, true));
    const ds = low(tf.mul(tf.mul(p, centered), 1 / Math.sqrt(q.shape[2])));
    return joinHeads([tf.matMul(ds, k), tf.matMul(ds, q, true), tf.matMul(low(p), dOut, true)], heads);
  },
});

const op = /* @__PURE__ */ defineOp<{ qkv: tf.Tensor3D }, Attrs>({
  name: 'UnitsphereSelfAttention',
  compose: ({ qkv }, { heads, precision }) => {
    const low = (x: tf.Tensor3D) => asInput(x, precision);
    const [q, k, v] = splitHeads(low(qkv), 3, heads) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
    return joinHeads([tf.matMul(low(probabilities(q, k)), v)], heads);
  },
  inputsToSave: ['qkv'],
  gradient: ([dy], [qkv], { heads, precision }) => ({
    qkv: () => gradOp({ qkv: qkv as tf.Tensor3D, dy: dy as tf.Tensor3D }, { heads, precision })[0],
  }),
  // Two products of tokens x tokens x channels.
  multiplyAdds: ({ qkv }, [y]) => 2 * y.size * qkv.shape[1],
});

/**
 * Attention of tokens to each other in several heads (Vaswani et al., 2017): softmax(q · kᵀ / sqrt(channels / heads)) · v
 * for each head, as timm's Attention between its two linear layers. Its products have the precision of
 * setFloat32MatmulPrecision; the softmax is float32.
 * @param qkv float32 [batch, tokens, 3 · channels]: queries, keys and values, each head after head.
 * @returns float32 [batch, tokens, channels].
 * @throws Error on a wrong rank or dtype, or heads that do not divide the channels.
 */
export function selfAttention(qkv: tf.Tensor3D, heads: number): tf.Tensor3D {
  checkFloat('selfAttention', 'qkv', qkv, 3);
  if (!Number.isInteger(heads) || heads < 1 || qkv.shape[2] % (3 * heads) !== 0) {
    throw new Error(`selfAttention: ${heads} heads do not divide a third of ${qkv.shape[2]} channels.`);
  }
  return product('selfAttention', (precision) => op({ qkv }, { heads, precision })[0] as tf.Tensor3D);
}
