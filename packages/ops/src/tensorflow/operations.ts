import * as tf from '@tensorflow/tfjs-core';

/** The part of tfjs-node's backend by which operations run that TensorFlow.js has no name for. */
interface TensorFlowBackend {
  binding: { TF_ATTR_TYPE: number; TF_FLOAT: number; TF_INT32: number };
  executeSingleOutput(
    operation: string,
    attributes: { name: string; type: number; value: number }[],
    inputs: tf.Tensor[],
  ): tf.Tensor;
}

/** Operations on bits, on the device, where a composition would bring the values to the host and back. */
export interface BitOperations {
  /** The bits of floats as int32, of the same shape. */
  bitsOf(x: tf.Tensor): tf.Tensor;
  /** The floats of bits. */
  floatsOf(bits: tf.Tensor): tf.Tensor;
  and(a: tf.Tensor, b: tf.Tensor | number): tf.Tensor;
  or(a: tf.Tensor, b: tf.Tensor): tf.Tensor;
  /** Arithmetic: the sign fills up. */
  shiftRight(a: tf.Tensor, by: number): tf.Tensor;
  shiftLeft(a: tf.Tensor, by: number): tf.Tensor;
  /** Modulo 2^32. */
  plus(a: tf.Tensor, b: tf.Tensor | number): tf.Tensor;
}

/** @param backend tfjs-node's, on a processor or on CUDA. */
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
