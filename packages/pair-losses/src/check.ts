import * as tf from '@tensorflow/tfjs-core';

/**
 * Returns the value.
 * @throws RangeError unless it is a finite number.
 */
export function checkFinite(name: string, value: number): number {
  if (!Number.isFinite(value)) throw new RangeError(`${name} must be a finite number, but it is ${value}.`);
  return value;
}

/**
 * Returns the value.
 * @throws RangeError unless it is a finite number above 0.
 */
export function checkPositive(name: string, value: number): number {
  if (!(Number.isFinite(value) && value > 0)) {
    throw new RangeError(`${name} must be a finite number above 0, but it is ${value}.`);
  }
  return value;
}

/**
 * Returns the value.
 * @throws RangeError unless it is an integer of at least `low`.
 */
export function checkCount(name: string, value: number, low = 1): number {
  if (!(Number.isSafeInteger(value) && value >= low)) {
    throw new RangeError(`${name} must be an integer of at least ${low}, but it is ${value}.`);
  }
  return value;
}

/** @throws TypeError or RangeError unless x is a float32 matrix with at least one row and one column. */
export function checkEmbeddings(title: string, name: string, x: tf.Tensor): void {
  if (!(x instanceof tf.Tensor) || x.rank !== 2 || x.dtype !== 'float32') {
    throw new TypeError(
      `${title}: ${name} must be float32 [batch, dimensions], but it is ${x?.dtype} of shape [${x?.shape}].`,
    );
  }
  if (x.size === 0) {
    throw new RangeError(`${title}: ${name} of shape [${x.shape}] is empty; pass a row.`);
  }
}

/** @throws RangeError unless both matrices have the same number of columns. */
export function checkSameWidth(title: string, x: tf.Tensor2D, name: string, y: tf.Tensor2D): void {
  if (x.shape[1] !== y.shape[1]) {
    throw new RangeError(
      `${title}: embeddings have ${x.shape[1]} dimensions, but ${name} has ${y.shape[1]}; they must be equal.`,
    );
  }
}
