import * as tf from '@tensorflow/tfjs-core';

/** Part of tfjs-node's backend that runs operations of TensorFlow which TensorFlow.js does not expose. */
interface TensorFlowBackend {
  binding: { TF_ATTR_TYPE: number; TF_FLOAT: number; TF_INT32: number };
  executeSingleOutput(
    operation: string,
    attributes: { name: string; type: number; value: number }[],
    inputs: tf.Tensor[],
  ): tf.Tensor;
}

/** Bitwise operations on the device, so that values need no round trip through the host. */
export interface BitOperations {
  /** Reinterprets float32 values as int32, of the same shape. */
  bitsOf(x: tf.Tensor): tf.Tensor;
  /** Reinterprets int32 values as float32. */
  floatsOf(bits: tf.Tensor): tf.Tensor;
  and(a: tf.Tensor, b: tf.Tensor | number): tf.Tensor;
  or(a: tf.Tensor, b: tf.Tensor): tf.Tensor;
  /** Arithmetic shift: the sign bit is extended. */
  shiftRight(a: tf.Tensor, by: number): tf.Tensor;
  shiftLeft(a: tf.Tensor, by: number): tf.Tensor;
  /** Adds modulo 2^32. */
  plus(a: tf.Tensor, b: tf.Tensor | number): tf.Tensor;
}

/** Returns the bitwise operations of tfjs-node's backend, on a CPU or on CUDA. */
export function bitOperations(backend: unknown): BitOperations {
  const { binding } = backend as TensorFlowBackend;
  const run = (operation: string, types: { [name: string]: number }, ...inputs: tf.Tensor[]) => {
    const attributes = Object.entries(types).map(([name, value]) => ({
      name,
      type: binding.TF_ATTR_TYPE,
      value,
    }));
    return (backend as TensorFlowBackend).executeSingleOutput(operation, attributes, inputs);
  };
  const integer = (operation: string) => (a: tf.Tensor, b: tf.Tensor | number) =>
    run(operation, { T: binding.TF_INT32 }, a, typeof b === 'number' ? tf.scalar(b, 'int32') : b);
  return {
    bitsOf: (x) => run('Bitcast', { T: binding.TF_FLOAT, type: binding.TF_INT32 }, x),
    floatsOf: (bits) => run('Bitcast', { T: binding.TF_INT32, type: binding.TF_FLOAT }, bits),
    and: integer('BitwiseAnd'),
    or: integer('BitwiseOr'),
    shiftRight: integer('RightShift'),
    shiftLeft: integer('LeftShift'),
    plus: integer('AddV2'),
  };
}
