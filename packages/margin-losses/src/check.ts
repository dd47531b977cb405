import * as tf from '@tensorflow/tfjs-core';

/**
 * Returns the value.
 * @throws RangeError unless it is a finite number in [low, high).
 */
export function checkNumber(name: string, value: number, low: number, high: number): number {
  if (!(Number.isFinite(value) && value >= low && value < high)) {
    throw new RangeError(`${name} must be in [${low}, ${Number(high.toFixed(4))}), but it is ${value}.`);
  }
  return value;
}

/**
 * Returns the value.
 * @throws RangeError unless it is in [0, 1].
 */
export function checkFraction(name: string, value: number): number {
  if (!(value >= 0 && value <= 1)) throw new RangeError(`${name} must be in [0, 1], but it is ${value}.`);
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

/** @throws TypeError or RangeError unless cosines is a float32 matrix with at least one row and one column. */
export function checkCosines(loss: string, cosines: tf.Tensor): void {
  if (cosines.rank !== 2 || cosines.dtype !== 'float32') {
    throw new TypeError(
      `${loss}: cosines must be float32 [batch, classes], but they are ${cosines.dtype} of shape [${cosines.shape}].`,
    );
  }
  if (cosines.size === 0) {
    throw new RangeError(
      `${loss}: cosines of shape [${cosines.shape}] are empty; pass at least one row and one class.`,
    );
  }
}

/** @throws Error if a cosine is not finite or lies outside [−1, 1], beyond rounding. */
export function checkCosineValues(loss: string, cosines: tf.Tensor2D): void {
  if (tf.getBackend() === 'webgpu') {
    throw new Error(
      `${loss}: checkNumerics reads the cosines synchronously, which the WebGPU backend does not support. ` +
        'Turn checkNumerics off, or look for the error on the wasm or cpu backend.',
    );
  }
  const classes = cosines.shape[1];
  const values = cosines.dataSync();
  const at = values.findIndex((value) => !(Math.abs(value) <= 1.001));
  if (at >= 0) {
    throw new Error(
      `${loss}: the cosine of row ${Math.floor(at / classes)} and class ${at % classes} is ${values[at]}. ` +
        'Cosines lie in [-1, 1]: divide embeddings and class centers by their lengths first' +
        (Number.isNaN(values[at]) ? '; a NaN means that one of them contains NaN or has length 0.' : '.'),
    );
  }
}

/** @throws TypeError unless norms is float32 [rows]. */
export function checkNorms(
  loss: string,
  norms: tf.Tensor | undefined,
  rows: number,
): asserts norms is tf.Tensor1D {
  if (!norms) {
    throw new TypeError(
      `${loss}: norms are missing. Pass the embeddings' lengths before normalization, float32 [${rows}]: ` +
        'tf.norm(embeddings, 2, 1).',
    );
  }
  if (norms.rank !== 1 || norms.dtype !== 'float32' || norms.size !== rows) {
    throw new TypeError(
      `${loss}: norms must be float32 [${rows}], but they are ${norms.dtype} of shape [${norms.shape}].`,
    );
  }
}
