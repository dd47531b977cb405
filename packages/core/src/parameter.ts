import * as tf from '@tensorflow/tfjs-core';
import { type HostTensor, sizeOf, toFloat32 } from './host-tensor.js';
import { float32 } from './safetensors.js';

/**
 * Layout in memory and in PyTorch's files. `plain`: the same in both. `conv`: HWIO in memory, OIHW on disk. `depthwise`:
 * [height, width, channels, 1] in memory, [channels, 1, height, width] on disk.
 */
export type Layout = 'plain' | 'conv' | 'depthwise';

// diskShape[i] = memoryShape[order[i]]
const diskOrder: Record<Exclude<Layout, 'plain'>, number[]> = { conv: [3, 2, 0, 1], depthwise: [2, 3, 0, 1] };

/** Options of a parameter. */
export interface ParameterOptions {
  /** Default: `plain`. */
  layout?: Layout;
  /** Whether weight decay applies; false for norm scales and biases. Default: true. */
  weightDecay?: boolean;
}

/** Trainable values of a module: a float32 variable of TensorFlow.js, with its layout and weight decay. */
export class Parameter {
  readonly variable: tf.Variable;
  readonly layout: Layout;
  readonly weightDecay: boolean;
  readonly trainable: boolean = true;

  /**
   * @param shape Shape in memory.
   * @param values Initial values in row-major order; copied.
   * @throws Error if the number of values does not match the shape, or a layout other than `plain` lacks 4 dimensions.
   */
  constructor(
    shape: number[],
    values: Float32Array,
    { layout = 'plain', weightDecay = true }: ParameterOptions = {},
  ) {
    if (values.length !== sizeOf(shape)) {
      throw new Error(`Parameter: ${values.length} values do not match the shape [${shape}].`);
    }
    if (layout !== 'plain' && shape.length !== 4) {
      throw new Error(`Parameter: the layout "${layout}" requires 4 dimensions, not the shape [${shape}].`);
    }
    this.layout = layout;
    this.weightDecay = weightDecay;
    this.variable = tf.tidy(() => tf.variable(copyToTensor(values, shape), this.isTrainable()));
  }

  /** Shape in memory. */
  get shape(): number[] {
    return this.variable.shape;
  }

  /** Shape on disk, in PyTorch's layout. */
  get diskShape(): number[] {
    return this.layout === 'plain' ? this.shape : diskOrder[this.layout].map((axis) => this.shape[axis]);
  }

  /** Reads the values in PyTorch's layout. */
  async toHost(): Promise<HostTensor> {
    const values = (await this.variable.data()) as Float32Array;
    return float32(
      this.diskShape,
      this.layout === 'plain'
        ? Float32Array.from(values)
        : permute(values, this.shape, diskOrder[this.layout]),
    );
  }

  /**
   * Loads values in PyTorch's layout, converted to float32.
   * @throws Error if the shape differs.
   */
  fromHost(tensor: HostTensor): void {
    const expected = this.diskShape;
    if (tensor.shape.length !== expected.length || tensor.shape.some((size, i) => size !== expected[i])) {
      throw new Error(
        `Parameter: the values have the shape [${tensor.shape}], but [${expected}] is required.`,
      );
    }
    const values = toFloat32(tensor);
    const inMemory =
      this.layout === 'plain' ? values : permute(values, expected, invert(diskOrder[this.layout]));
    tf.tidy(() => this.variable.assign(copyToTensor(inMemory, this.shape)));
  }

  dispose(): void {
    this.variable.dispose();
  }

  protected isTrainable(): boolean {
    return true;
  }
}

/** Values of a module that are saved but not trained, such as running means. */
export class Buffer extends Parameter {
  override readonly trainable = false;

  constructor(shape: number[], values: Float32Array) {
    super(shape, values, { weightDecay: false });
  }

  protected override isTrainable(): boolean {
    return false;
  }
}

/** Integer that is saved with a module, such as PyTorch's num_batches_tracked (an int64 scalar). */
export class Counter {
  value = 0;
  /** Shape on disk. */
  readonly diskShape: number[] = [];

  toHost(): HostTensor {
    return { dtype: 'I64', shape: [], data: BigInt64Array.of(BigInt(this.value)) };
  }

  fromHost(tensor: HostTensor): void {
    this.value = Number(tensor.data[0]);
  }
}

/** Copies the values into a tensor: some backends keep the given array, which the caller may change. */
function copyToTensor(values: Float32Array, shape: number[]): tf.Tensor {
  return tf.tensor(values.slice(), shape, 'float32');
}

function invert(order: number[]): number[] {
  return order.map((_, axis) => order.indexOf(axis));
}

/** Permutes the axes of a 4-dimensional array: axis i of the result is axis order[i] of `values`. */
function permute(values: Float32Array, shape: number[], order: number[]): Float32Array {
  const out = new Float32Array(values.length);
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const [n0, n1, n2, n3] = order.map((axis) => shape[axis]) as [number, number, number, number];
  const [s0, s1, s2, s3] = order.map((axis) => strides[axis]) as [number, number, number, number];
  let to = 0;
  for (let a = 0; a < n0; a++) {
    for (let b = 0; b < n1; b++) {
      for (let c = 0; c < n2; c++) {
        for (let d = 0; d < n3; d++) out[to++] = values[a * s0 + b * s1 + c * s2 + d * s3];
      }
    }
  }
  return out;
}
