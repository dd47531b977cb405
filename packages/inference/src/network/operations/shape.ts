import { UnsupportedNetworkError } from '../../errors.js';
import type { TracedConstant } from '../../trace/trace.js';
import { product } from '../product.js';
import type { Operations } from './operation.js';

/** Changes of shape, the class token, cuts, and padding. */
export const shapes: Operations = {
  Identity: ({ inputs: { x }, output }, builder) => builder.alias(output, x),
  Reshape: ({ inputs: { x }, output }, builder) => {
    if (output.shape[0] % builder.batch !== 0) {
      throw new UnsupportedNetworkError(
        `A change of shape from [${x.shape}] to [${output.shape}] cannot be compiled.`,
      );
    }
    builder.alias(output, x);
  },
  Transpose: ({ inputs: { x }, attrs, output }, builder) => {
    const { perm } = attrs as { perm: number[] };
    const [, height, width, channels] = x.shape;
    const isPlain = perm
      .filter((axis) => x.shape[axis] !== 1)
      .every((axis, i, axes) => i === 0 || axis > axes[i - 1]);
    if (isPlain) return builder.alias(output, x);
    if (String(perm) !== '0,3,1,2')
      throw new UnsupportedNetworkError(`The order of axes [${perm}] cannot be compiled.`);
    const value = builder.valueOf(x);
    builder.alias(output, x, { value, channelsFirst: [height, width, channels] });
  },
  Slice: (call, builder) => {
    const { x } = call.inputs;
    const { begin } = call.attrs as { begin: number[] };
    const { shape } = call.output;
    const axis = shape.findIndex((side, i) => side !== x.shape[i]);
    const isCut = shape.every((side, i) => i === axis || (side === x.shape[i] && begin[i] === 0));
    if (axis < 1 || !isCut || product(shape.slice(1, axis)) !== 1) {
      throw new UnsupportedNetworkError(`A cut from [${x.shape}] to [${shape}] cannot be compiled.`);
    }
    const value = builder.valueOf(x);
    const first = begin[axis] * product(shape.slice(axis + 1));
    builder.add(call, (y) => ({ kind: 'cut', x: value, y, first }));
  },
  PadV2: ({ inputs: { x }, attrs, output }, builder) => {
    const { paddings, constantValue } = attrs as { paddings: [number, number][]; constantValue: number };
    const isImage =
      paddings.length === 4 && [0, 3].every((axis) => paddings[axis].every((size) => size === 0));
    if (!isImage || constantValue !== 0)
      throw new UnsupportedNetworkError('Padding of other axes or values cannot be compiled.');
    const value = builder.valueOf(x);
    const [, height, width] = x.shape;
    builder.alias(output, x, {
      value,
      padding: { top: paddings[1][0], left: paddings[2][0], height, width },
    });
  },
  Concat: (call, builder) => {
    const inputs = Object.values(call.inputs);
    const { axis } = call.attrs as { axis: number };
    const [head, x] = inputs;
    const constant = builder.constantOf(head);
    if (inputs.length !== 2 || axis !== 1 || !constant || builder.constantOf(x)) {
      throw new UnsupportedNetworkError(
        'Only a constant before the values of each image can be concatenated.',
      );
    }
    const value = builder.valueOf(x);
    const first = oneImage(constant, builder.batch);
    builder.add(call, (y) => ({
      kind: 'prepend',
      x: value,
      y,
      head: first,
      tail: new Float32Array(value.size),
    }));
  },
};

/** Returns a constant's values for one image. @throws UnsupportedNetworkError if they differ between images. */
function oneImage({ data }: TracedConstant, batch: number): Float32Array {
  const size = data.length / batch;
  if (!data.every((value, i) => value === data[i % size])) {
    throw new UnsupportedNetworkError('A constant that differs between images cannot be compiled.');
  }
  return data.slice(0, size);
}
