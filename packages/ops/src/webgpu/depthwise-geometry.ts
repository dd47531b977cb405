import type * as tf from '@tensorflow/tfjs-core';
import { type Window, windowShape } from '../window.js';
import { repeat } from './program.js';
import type { Range, WebGpuRuntime } from './runtime.js';

/** Sizes of a depthwise convolution: of its image, its results and its kernel. */
export interface Sizes {
  batch: number;
  height: number;
  width: number;
  channels: number;
  outHeight: number;
  outWidth: number;
  kernelHeight: number;
  kernelWidth: number;
  stride: number;
  padding: number;
}

/** Returns the sizes of a depthwise convolution. */
export function sizesOf(imageShape: number[], filterShape: number[], window: Window): Sizes {
  const [batch, height, width, channels] = imageShape as [number, number, number, number];
  const [kernelHeight, kernelWidth] = filterShape as [number, number];
  const [outHeight, outWidth] = windowShape('depthwiseConv2d', imageShape, filterShape, window);
  return { batch, height, width, channels, outHeight, outWidth, kernelHeight, kernelWidth, ...window };
}

/** Uniforms of the sizes. */
export const GEOMETRY = {
  height: 'i32',
  width: 'i32',
  channels: 'i32',
  outHeight: 'i32',
  outWidth: 'i32',
  padY: 'i32',
  padX: 'i32',
  total: 'i32',
} as const;

/** Splits the batch into parts that can be bound. */
export function forImages(
  runtime: WebGpuRuntime,
  { batch, height, width, channels, outHeight, outWidth }: Sizes,
  image: tf.TensorInfo,
  out: tf.TensorInfo,
  fn: (image: Range, out: Range, count: number) => void,
): void {
  const [imageSize, outSize] = [height * width * channels, outHeight * outWidth * channels];
  runtime.forParts('depthwiseConv2d', batch, [imageSize, outSize], (start, count) =>
    fn(
      { tensor: image, start: start * imageSize, count: count * imageSize },
      { tensor: out, start: start * outSize, count: count * outSize },
      count,
    ),
  );
}

/** Returns how many neighboring results of a row an invocation computes, so that they share loads. */
export function runLength(outWidth: number): number {
  if (outWidth >= 4) return 4;
  return outWidth >= 2 ? 2 : 1;
}

/** Returns WGSL that loads `columns` neighboring values from column `left` of the image row at `origin`, 0 outside: v0, v1, … */
export function loadRow(image: string, columns: number): string {
  return repeat(
    columns,
    (i) =>
      `let v${i} = ${image}[(origin + clamp(left + ${i}, 0, u.width - 1)) * u.channels + c] * f32(left + ${i} >= 0 && left + ${i} < u.width);`,
  );
}
