import * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';

/** The part of tfjs-node's backend by which operations run that TensorFlow.js has no name for. */
interface TensorFlowBackend {
  binding: { TF_ATTR_TYPE: number; TF_FLOAT: number; TF_INT32: number };
  executeSingleOutput(
    operation: string,
    attributes: { name: string; type: number; value: number }[],
    inputs: tf.Tensor[],
  ): tf.Tensor;
}

/** As bits, on the device, where a composition would bring the values to the host and back. */
export const roundTensorFlow: Kernel<{ x: tf.Tensor }, { bits: number }> = ({
  inputs: { x },
  attrs: { bits },
  backend,
}) => {
  const { binding } = backend as TensorFlowBackend;
  const run = (operation: string, types: { [name: string]: number }, ...inputs: tf.Tensor[]) => {
    const attributes = Object.entries(types).map(([name, value]) => ({
      name,
      type: binding.TF_ATTR_TYPE,
      value,
    }));
    return (backend as TensorFlowBackend).executeSingleOutput(operation, attributes, inputs);
  };
  const integer = (operation: string, a: tf.Tensor, b: number) =>
    run(operation, { T: binding.TF_INT32 }, a, tf.scalar(b, 'int32'));
  return tf.tidy(() => {
    const drop = 23 - bits;
    const v = run('Bitcast', { T: binding.TF_FLOAT, type: binding.TF_INT32 }, x);
    // Just under half of the last place kept, and 1 more where that is odd, carries as rounding should.
    const odd = integer('BitwiseAnd', integer('RightShift', v, drop), 1);
    const carried = run('AddV2', { T: binding.TF_INT32 }, integer('AddV2', v, 2 ** (drop - 1) - 1), odd);
    const kept = integer('BitwiseAnd', carried, -(2 ** drop));
    const none = tf.greater(integer('BitwiseAnd', v, 0x7fffffff), tf.scalar(0x7f800000, 'int32'));
    const result = tf.where(none, tf.scalar(0x7fc00000, 'int32'), kept);
    return run('Bitcast', { T: binding.TF_INT32, type: binding.TF_FLOAT }, result);
  });
};
