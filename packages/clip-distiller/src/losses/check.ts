import type * as tf from '@tensorflow/tfjs-core';

/** Throws unless value is a finite number above 0. */
export function checkPositive(name: string, value: number): number {
  if (!(Number.isFinite(value) && value > 0)) {
    throw new RangeError(`${name} must be a finite number above 0, but it is ${value}.`);
  }
  return value;
}

/** Throws unless student and teacher are float32 matrices of the same batch, and of the same width where it matters. */
export function checkFeatures(
  loss: string,
  student: tf.Tensor,
  teacher: tf.Tensor,
  { sameWidth = false, smallestBatch = 1 } = {},
): void {
  for (const [who, features] of [
    ['student', student],
    ['teacher', teacher],
  ] as const) {
    if (features.rank !== 2 || features.dtype !== 'float32') {
      throw new TypeError(
        `${loss}: the ${who}'s features must be float32 [batch, width], but they are ${features.dtype} of shape [${features.shape}].`,
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
        `put a ProjectionHead(${width}, ${teacherWidth}) behind the student.`,
    );
  }
  if (batch < smallestBatch) {
    throw new RangeError(
      `${loss}: it compares images with each other and needs at least ${smallestBatch}, not ${batch}.`,
    );
  }
}
