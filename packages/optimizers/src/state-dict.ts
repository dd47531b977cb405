import * as tf from '@tensorflow/tfjs-core';

/** A tensor's values on the host. */
export interface StateTensor {
  shape: number[];
  data: Float32Array;
}

/** The state to resume from: plain data, for a checkpoint. */
export interface StateDict {
  /** Number of steps, or of updates for an average. */
  step: number;
  /** Named tensors. */
  tensors: Record<string, StateTensor>;
}

/** Reads the values of variables. */
export async function readTensors(
  variables: Record<string, tf.Tensor>,
): Promise<Record<string, StateTensor>> {
  const entries = Object.entries(variables).map(async ([name, variable]): Promise<[string, StateTensor]> => {
    // A clone keeps the current values, in case the variable is assigned before they arrive.
    const held = tf.clone(variable);
    try {
      // Copies, because the cpu backend returns the tensor's own memory.
      return [name, { shape: held.shape.slice(), data: Float32Array.from(await held.data()) }];
    } finally {
      held.dispose();
    }
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** @throws Error unless a stored tensor has the shape and the corresponding number of values. */
export function checkStateTensor(name: string, stored: StateTensor, shape: readonly number[]): void {
  if (!tf.util.arraysEqual(stored.shape, shape as number[])) {
    throw new Error(
      `State dict: ${name} has shape [${stored.shape}], but the parameter has [${shape}]. ` +
        'It belongs to another model, or the parameters have another order.',
    );
  }
  const size = tf.util.sizeFromShape(shape as number[]);
  if (stored.data.length !== size) {
    throw new Error(
      `State dict: ${name} has ${stored.data.length} values, but its shape [${shape}] requires ${size}.`,
    );
  }
}

/** Creates a tensor on the current backend from a copy of the stored data. */
export function toTensor({ shape, data }: StateTensor): tf.Tensor {
  return tf.tensor(Float32Array.from(data), shape, 'float32');
}
