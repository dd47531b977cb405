import * as tf from '@tensorflow/tfjs-core';

/** How pixels become the network's input; saved beside the weights because they mean nothing without it. */
export interface Preprocessing {
  /** Side of the square input in pixels; images are resized to it whatever their aspect ratio. */
  imageSize: number;
  channelOrder: 'RGB';
  /** Taken from pixel / 255, per channel. */
  mean: [number, number, number];
  /** What the difference is divided by, per channel. */
  std: [number, number, number];
}

/** timm's for the LCNet family: ImageNet's mean and standard deviation. */
export function imageNetPreprocessing(imageSize: number): Preprocessing {
  return { imageSize, channelOrder: 'RGB', mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
}

/**
 * Images as the network takes them.
 * @param images count × size × size × 3 bytes, RGB, row-major.
 * @returns float32 [count, size, size, 3].
 * @throws Error when the bytes do not make whole images.
 */
export function toInput(images: Uint8Array, { imageSize, mean, std }: Preprocessing): tf.Tensor4D {
  const count = images.length / (imageSize * imageSize * 3);
  if (!Number.isInteger(count)) {
    throw new Error(`toInput: ${images.length} bytes are not whole ${imageSize}x${imageSize} RGB images.`);
  }
  const tables = mean.map((m, c) =>
    Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - m) / std[c]!),
  );
  const [red, green, blue] = tables as [Float32Array, Float32Array, Float32Array];
  const values = new Float32Array(images.length);
  for (let i = 0; i < images.length; i += 3) {
    values[i] = red[images[i]!]!;
    values[i + 1] = green[images[i + 1]!]!;
    values[i + 2] = blue[images[i + 2]!]!;
  }
  return tf.tensor4d(values, [count, imageSize, imageSize, 3]);
}
