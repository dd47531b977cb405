import * as tf from '@tensorflow/tfjs-core';
import { checkFloat } from '../check.js';
import { defineOp } from '../define-op.js';
import { packBfloat16TensorFlow, unpackBfloat16TensorFlow } from '../tensorflow/pack-bfloat16.js';
import { packBfloat16Wasm, unpackBfloat16Wasm } from '../wasm/pack-bfloat16.js';
import { packBfloat16WebGpu, unpackBfloat16WebGpu } from '../webgpu/pack-bfloat16.js';
import { toBfloat16 } from './round-values.js';

const pack = /* @__PURE__ */ defineOp<{ x: tf.Tensor }, object>({
  name: 'UnitspherePackBfloat16',
  // Stock operations cannot reach a float's bits: the values go through the host's memory.
  compose: ({ x }) => {
    const packed = new Uint32Array(Math.ceil(x.size / 2));
    new Uint16Array(packed.buffer).set(toBfloat16(x.dataSync() as Float32Array));
    return tf.tensor1d(new Int32Array(packed.buffer), 'int32');
  },
  kernels: { wasm: packBfloat16Wasm, webgpu: packBfloat16WebGpu, tensorflow: packBfloat16TensorFlow },
});

const unpack = /* @__PURE__ */ defineOp<{ x: tf.Tensor }, { shape: number[] }>({
  name: 'UnitsphereUnpackBfloat16',
  compose: ({ x }, { shape }) => {
    const packed = x.dataSync() as Int32Array;
    const bits = new Uint16Array(packed.buffer, packed.byteOffset, tf.util.sizeFromShape(shape));
    return tf.tensor(new Float32Array(Uint32Array.from(bits, (upper) => upper << 16).buffer), shape);
  },
  kernels: { wasm: unpackBfloat16Wasm, webgpu: unpackBfloat16WebGpu, tensorflow: unpackBfloat16TensorFlow },
});

/**
 * The values of a tensor as bfloat16, two in each int32: half the memory, for what is kept and not computed with.
 * TensorFlow.js has no 16-bit tensors. Rounded as by {@link roundToBfloat16}; no gradient flows through it.
 * @param x float32, any shape.
 * @returns int32 [⌈size / 2⌉]: the first value of a pair in the lower half, as a bfloat16 array lies in memory.
 * @throws Error on a wrong dtype.
 */
export function packBfloat16(x: tf.Tensor): tf.Tensor1D {
  checkFloat('packBfloat16', 'x', x);
  return pack({ x }, {})[0] as tf.Tensor1D;
}

/**
 * The values that {@link packBfloat16} packed, as float32: those of x, rounded.
 * @param packed int32 [⌈size / 2⌉].
 * @param shape What x had.
 * @returns float32 of that shape.
 * @throws Error where packed is not int32 of the size that the shape needs.
 */
export function unpackBfloat16<R extends tf.Rank>(packed: tf.Tensor1D, shape: tf.ShapeMap[R]): tf.Tensor<R> {
  const size = Math.ceil(tf.util.sizeFromShape(shape) / 2);
  if (packed.dtype !== 'int32' || packed.size !== size) {
    throw new Error(
      `unpackBfloat16: [${shape}] takes ${size} int32 values, but packed is ${packed.dtype} of shape [${packed.shape}].`,
    );
  }
  return unpack({ x: packed }, { shape })[0] as tf.Tensor<R>;
}
