import type { KernelActivation } from '@unitsphere/ops';

/** A tensor of a network, with the batch on its first axis. */
export interface Value {
  /** Number of floats of one image. */
  readonly size: number;
}

/** What is applied to a step's values before they are stored. */
export interface Finish {
  activation: KernelActivation;
  /** PReLU's slopes, one a channel. */
  slope?: Float32Array;
}

/** The sizes of a window over NHWC images; places outside the image are zeros. */
export interface Window {
  /** Input [height, width, channels]. */
  image: readonly [number, number, number];
  /** Height and width of the kernel. */
  kernel: readonly [number, number];
  stride: number;
  /** Zeros above and on the left; those below and on the right follow from the output's size. */
  pads: readonly [top: number, left: number];
  /** Output height and width. */
  out: readonly [number, number];
}

/** activation(convolution + bias + added). A linear layer is one with a 1x1 kernel on `rows` x 1 pixels. */
export interface Convolution extends Finish, Window {
  kind: 'convolution';
  x: Value;
  y: Value;
  channels: number;
  /** The matrix [kernel height · kernel width · input channels, channels]. */
  weights: Float32Array;
  bias?: Float32Array;
  /** Another tensor of y's shape. */
  added?: Value;
}

/** activation(depthwise convolution + bias). */
export interface Depthwise extends Finish, Window {
  kind: 'depthwise';
  x: Value;
  y: Value;
  /** [kernel height, kernel width, channels]. */
  weights: Float32Array;
  bias?: Float32Array;
}

/** activation(x · scale + shift) for each channel. */
export interface Affine extends Finish {
  kind: 'affine';
  x: Value;
  y: Value;
  channels: number;
  scale: Float32Array;
  shift: Float32Array;
}

/** activation(a + b). */
export interface Sum extends Finish {
  kind: 'sum';
  a: Value;
  b: Value;
  y: Value;
}

/** activation(x). */
export interface Activate extends Finish {
  kind: 'activate';
  x: Value;
  y: Value;
}

/** Layer norm of rows of `channels` floats. */
export interface LayerNorm {
  kind: 'layer-norm';
  x: Value;
  y: Value;
  channels: number;
  gamma: Float32Array;
  beta: Float32Array;
  epsilon: number;
}

/** Multi-head self-attention of queries, keys and values. */
export interface Attention {
  kind: 'attention';
  x: Value;
  y: Value;
  tokens: number;
  heads: number;
  width: number;
}

/** Global average pooling. */
export interface AveragePool {
  kind: 'average-pool';
  x: Value;
  y: Value;
  pixels: number;
  channels: number;
}

/** Max pooling with a square window. */
export interface MaxPool extends Window {
  kind: 'max-pool';
  x: Value;
  y: Value;
}

/** x · gate for each channel of an image. */
export interface ScaleChannels {
  kind: 'scale-channels';
  x: Value;
  gate: Value;
  y: Value;
  pixels: number;
  channels: number;
}

/** Rows of unit length. */
export interface Normalize {
  kind: 'normalize';
  x: Value;
  y: Value;
  epsilon: number;
}

/** `head`, then x + tail: constants before and on the floats of each image, such as a class token and position embeddings. */
export interface Prepend {
  kind: 'prepend';
  x: Value;
  y: Value;
  head: Float32Array;
  tail: Float32Array;
}

/** The floats of each image from `first` on. */
export interface Cut {
  kind: 'cut';
  x: Value;
  y: Value;
  first: number;
}

/** One step of a network: it reads values of earlier steps and constants, and writes y. */
export type Step =
  | Convolution
  | Depthwise
  | Affine
  | Sum
  | Activate
  | LayerNorm
  | Attention
  | AveragePool
  | MaxPool
  | ScaleChannels
  | Normalize
  | Prepend
  | Cut;

/** Steps in order of execution, from the input to the output. */
export interface Network {
  steps: readonly Step[];
  input: Value;
  output: Value;
}

/** Returns the values that a step reads. */
export function readsOf(step: Step): Value[] {
  if (step.kind === 'sum') return [step.a, step.b];
  if (step.kind === 'scale-channels') return [step.x, step.gate];
  if (step.kind === 'convolution' && step.added) return [step.x, step.added];
  return [step.x];
}
