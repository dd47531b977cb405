import * as tf from '@tensorflow/tfjs-core';

/** A tensor's values outside the backend. */
export interface StateTensor {
  shape: number[];
  data: Float32Array;
}

/** What must be kept to go on from here: plain data, for a checkpoint. */
export interface StateDict {
  /** How many steps (of an average: updates) were taken. */
  step: number;
  /** Named tensors. */
  tensors: Record<string, StateTensor>;
}

/** The values of variables. */
export async function readTensors(
  variables: Record<string, tf.Tensor>,
): Promise<Record<string, StateTensor>> {
  const entries = Object.entries(variables).map(async ([name, variable]): Promise<[string, StateTensor]> => {
    // A clone holds the values of now, should the variable be assigned before they arrive.
    const held = tf.clone(variable);
    try {
      // A copy: the cpu backend hands out the tensor's own memory.
      return [name, { shape: held.shape.slice(), data: Float32Array.from(await held.data()) }];
    } finally {
      held.dispose();
    }
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** Throws unless a stored tensor has the shape and as many values as it says. */
export function checkStateTensor(name: string, stored: StateTensor, shape: readonly number[]): void {
  if (!tf.util.arraysEqual(stored.shape, shape as number[])) {
    throw new Error(
      `State dict: ${name} has shape [${stored.shape}], but the parameter has [${shape}]. ` +
        'It belongs to another model, or the parameters are in another order.',
    );
  }
  const size = tf.util.sizeFromShape(shape as number[]);
  if (stored.data.length !== size) {
    throw new Error(
      `State dict: ${name} holds ${stored.data.length} values, but its shape [${shape}] has ${size}.`,
    );
  }
}

/** A stored tensor on the current backend, apart from the stored data. */
export function toTensor({ shape, data }: StateTensor): tf.Tensor {
  return tf.tensor(Float32Array.from(data), shape, 'float32');
}
