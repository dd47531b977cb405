import * as tf from '@tensorflow/tfjs-core';
import { checkFloat } from '../check.js';
import { defineOp } from '../define-op.js';
import { packBfloat16TensorFlow, unpackBfloat16TensorFlow } from '../tensorflow/pack-bfloat16.js';
import { packBfloat16Wasm, unpackBfloat16Wasm } from '../wasm/pack-bfloat16.js';
import { packBfloat16WebGpu, unpackBfloat16WebGpu } from '../webgpu/pack-bfloat16.js';
import { toBfloat16 } from './round-values.js';

const pack = /* @__PURE__ */ defineOp<{ x: tf.Tensor }, object>({
  name: 'UnitspherePackBfloat16',
  // Stock operations have no access to a float's bits, so the values go through the host's memory.
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
 * Packs a tensor's values as bfloat16, two per int32, which halves the memory of values that are stored and not computed with.
 * TensorFlow.js has no 16-bit tensors. Values are rounded as by roundToBfloat16. It has no gradient.
 * @param x float32, any shape.
 * @returns int32 [⌈size / 2⌉]; the first value of a pair is in the lower half, as in a little-endian bfloat16 array.
 * @throws Error on a wrong dtype.
 */
export function packBfloat16(x: tf.Tensor): tf.Tensor1D {
  checkFloat('packBfloat16', 'x', x);
  return pack({ x }, {})[0] as tf.Tensor1D;
}

/**
 * Unpacks the values that {@link packBfloat16} packed.
 * @param packed int32 [⌈size / 2⌉].
 * @param shape Shape of the tensor that was packed.
 * @returns float32 of that shape: the rounded values.
 * @throws Error if packed is not int32 of the size that the shape requires.
 */
export function unpackBfloat16<R extends tf.Rank>(packed: tf.Tensor1D, shape: tf.ShapeMap[R]): tf.Tensor<R> {
  const size = Math.ceil(tf.util.sizeFromShape(shape) / 2);
  if (packed.dtype !== 'int32' || packed.size !== size) {
    throw new Error(
      `unpackBfloat16: shape [${shape}] requires ${size} int32 values, but packed is ${packed.dtype} of shape [${packed.shape}].`,
    );
  }
  return unpack({ x: packed }, { shape })[0] as tf.Tensor<R>;
}
