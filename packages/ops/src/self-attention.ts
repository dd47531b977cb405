import * as tf from '@tensorflow/tfjs-core';
import { checkFloat } from './check.js';
import { defineOp } from './define-op.js';
import type { MatmulPrecision } from './precision/matmul-precision.js';
import { asInput, runProduct } from './precision/product.js';
import { selfAttentionGradWasm, selfAttentionWasm } from './wasm/self-attention.js';

interface Attrs {
  heads: number;
  precision: MatmulPrecision;
}

/** Splits [batch, tokens, count · channels] into `count` tensors [batch · heads, tokens, channels / heads]. */
function splitHeads(x: tf.Tensor3D, count: number, heads: number): tf.Tensor3D[] {
  const [batch, tokens, size] = x.shape;
  const width = size / count / heads;
  const parts = tf.transpose(tf.reshape(x, [batch, tokens, count, heads, width]), [2, 0, 3, 1, 4]);
  return tf.unstack(tf.reshape(parts, [count, batch * heads, tokens, width])) as tf.Tensor3D[];
}

/** Inverts splitHeads. */
function joinHeads(parts: tf.Tensor3D[], heads: number): tf.Tensor3D {
  const [rows, tokens, width] = parts[0].shape;
  const batch = rows / heads;
  const stacked = tf.reshape(tf.stack(parts), [parts.length, batch, heads, tokens, width]);
  return tf.reshape(tf.transpose(stacked, [1, 3, 0, 2, 4]), [batch, tokens, -1]);
}

/** Returns the attention probabilities of rounded queries and keys; the softmax is float32. */
const computeProbabilities = (q: tf.Tensor3D, k: tf.Tensor3D) =>
  tf.softmax(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(q.shape[2]))) as tf.Tensor3D;

const gradOp = /* @__PURE__ */ defineOp<{ qkv: tf.Tensor3D; dy: tf.Tensor3D }, Attrs>({
  name: 'UnitsphereSelfAttentionGrad',
  compose: ({ qkv, dy }, { heads, precision }) => {
    const round = (x: tf.Tensor) => asInput(x, precision) as tf.Tensor3D;
    const [q, k, v] = splitHeads(round(qkv), 3, heads);
    const [dOut] = splitHeads(round(dy), 1, heads);
    const p = computeProbabilities(q, k);
    const dp = tf.matMul(dOut, v, false, true);
    const centered = tf.sub(dp, tf.sum(tf.mul(dp, p), 2, true));
    const ds = round(tf.mul(tf.mul(p, centered), 1 / Math.sqrt(q.shape[2])));
    return joinHeads([tf.matMul(ds, k), tf.matMul(ds, q, true), tf.matMul(round(p), dOut, true)], heads);
  },
  kernels: { wasm: selfAttentionGradWasm },
});

const op = /* @__PURE__ */ defineOp<{ qkv: tf.Tensor3D }, Attrs>({
  name: 'UnitsphereSelfAttention',
  compose: ({ qkv }, { heads, precision }) => {
    const round = (x: tf.Tensor3D) => asInput(x, precision);
    const [q, k, v] = splitHeads(round(qkv), 3, heads);
    return joinHeads([tf.matMul(round(computeProbabilities(q, k)), v)], heads);
  },
  inputsToSave: ['qkv'],
  gradient: ([dy], [qkv], { heads, precision }) => ({
    qkv: () => gradOp({ qkv: qkv as tf.Tensor3D, dy: dy as tf.Tensor3D }, { heads, precision })[0],
  }),
  // Two products of tokens × tokens × channels.
  multiplyAdds: ({ qkv }, [y]) => 2 * y.size * qkv.shape[1],
  kernels: { wasm: selfAttentionWasm },
});

/**
 * Computes multi-head self-attention (Vaswani et al., 2017): softmax(q · kᵀ / sqrt(channels / heads)) · v for each head, as
 * timm's Attention without its two linear layers. Products have the precision of setFloat32MatmulPrecision; the softmax is
 * float32.
 * @param qkv float32 [batch, tokens, 3 · channels]: queries, keys and values, each ordered by head.
 * @param heads Number of heads.
 * @returns float32 [batch, tokens, channels].
 * @throws Error on a wrong rank or dtype, or if the heads do not divide the channels.
 */
export function selfAttention(qkv: tf.Tensor3D, heads: number): tf.Tensor3D {
  checkFloat('selfAttention', 'qkv', qkv, 3);
  if (!Number.isInteger(heads) || heads < 1 || qkv.shape[2] % (3 * heads) !== 0) {
    throw new Error(
      `selfAttention: the ${qkv.shape[2]} channels of qkv must be a multiple of 3 · heads = ${3 * heads}.`,
    );
  }
  return runProduct('selfAttention', (precision) => op({ qkv }, { heads, precision })[0] as tf.Tensor3D);
}
