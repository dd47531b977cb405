import type * as tf from '@tensorflow/tfjs-core';

/** Returns the value. @throws RangeError unless it is finite and positive. */
export function checkPositive(name: string, value: number): number {
  if (!(Number.isFinite(value) && value > 0)) {
    throw new RangeError(`${name} must be finite and positive, but it is ${value}.`);
  }
  return value;
}

/** @throws TypeError or RangeError unless both are float32 matrices of the same batch size and, if required, the same width. */
export function checkFeatures(
  loss: string,
  student: tf.Tensor,
  teacher: tf.Tensor,
  { sameWidth = false, smallestBatch = 1 } = {},
): void {
  for (const [role, features] of [
    ['student', student],
    ['teacher', teacher],
  ] as const) {
    if (features.rank !== 2 || features.dtype !== 'float32') {
      throw new TypeError(
        `${loss}: the ${role}'s features must be float32 [batch, width], but they are ${features.dtype} of shape [${features.shape}].`,
      );
    }
  }
  const [batch, width] = student.shape as [number, number];
  const [teacherBatch, teacherWidth] = teacher.shape as [number, number];
  if (batch !== teacherBatch) {
    throw new RangeError(
      `${loss}: the student has features of ${batch} images and the teacher of ${teacherBatch}; both must see the same images.`,
    );
  }
  if (sameWidth && width !== teacherWidth) {
    throw new RangeError(
      `${loss}: the student's features have ${width} values and the teacher's ${teacherWidth}; ` +
        `add a ProjectionHead(${width}, ${teacherWidth}) after the student.`,
    );
  }
  if (batch < smallestBatch) {
    throw new RangeError(
      `${loss}: it compares images with each other and requires at least ${smallestBatch}, not ${batch}.`,
    );
  }
}
