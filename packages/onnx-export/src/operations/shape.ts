import type { TracedConstant } from '@unitsphere/inference';
import { OnnxExportError } from '../errors.js';
import { type GraphBuilder, plain } from '../graph/graph-builder.js';
import type { Operations } from './operation.js';

/** Changes of shape and order, padding, and concatenation. */
export const shapeOperations: Operations = {
  Reshape: ({ inputs: { x }, output }, builder) => {
    builder.bind(output, builder.reshape(builder.nameOf(x, plain(x.shape.length)), output.shape));
  },
  Transpose: ({ inputs: { x }, attrs, output }, builder) => {
    const { perm } = attrs as { perm: number[] };
    const order = builder.orderOf(x).map((axis) => perm.indexOf(axis));
    builder.bind(output, builder.nameOf(x), order);
  },
  Slice: ({ inputs: { x }, attrs, output }, builder) => {
    const { begin } = attrs as { begin: number[] };
    const rank = output.shape.length;
    const cut = plain(rank).filter((axis) => output.shape[axis] !== x.shape[axis]);
    const starts = cut.map((axis) => begin[axis]);
    const ends = cut.map((axis) => begin[axis] + output.shape[axis]);
    const lists = [starts, ends, cut].map((values) => builder.integers(values));
    builder.bind(output, builder.emit('Slice', [builder.nameOf(x, plain(rank)), ...lists], output.shape));
  },
  PadV2: ({ inputs: { x }, attrs, output }, builder) => {
    const { paddings, constantValue } = attrs as { paddings: [number, number][]; constantValue: number };
    const order = builder.orderOf(x);
    const padded = addPad(builder, builder.nameOf(x), {
      before: order.map((axis) => paddings[axis][0]),
      after: order.map((axis) => paddings[axis][1]),
      value: constantValue,
      shape: order.map((axis) => output.shape[axis]),
    });
    builder.bind(output, padded, order);
  },
  Concat: ({ kernel, inputs, attrs, output }, builder) => {
    const values = Object.values(inputs);
    const rank = output.shape.length;
    const axis = (attrs as { axis: number }).axis;
    const computed = values.filter((value) => !builder.constantOf(value));
    if (computed.length === values.length) {
      const names = values.map((value) => builder.nameOf(value, plain(rank)));
      return builder.bind(output, builder.emit('Concat', names, output.shape, { axis: { int: axis } }));
    }
    if (computed.length !== 1) {
      throw new OnnxExportError(`${kernel}: constants can only be exported beside one computed value.`);
    }
    // A constant beside a computed value is a sum, so that the batch stays dynamic without operators on shapes.
    const at = values.indexOf(computed[0]);
    const sizeBefore = values.slice(0, at).reduce((sum, { shape }) => sum + shape[axis], 0);
    const spread = (size: number) => plain(rank).map((i) => (i === axis ? size : 0));
    const padded = addPad(builder, builder.nameOf(computed[0], plain(rank)), {
      before: spread(sizeBefore),
      after: spread(output.shape[axis] - sizeBefore - computed[0].shape[axis]),
      value: 0,
      shape: output.shape,
    });
    const constants = values.map((value) => builder.constantOf(value));
    const sum = joinConstants(
      constants,
      values.map(({ shape }) => shape[axis]),
      output.shape,
      axis,
    );
    if (!sum) {
      throw new OnnxExportError(`${kernel}: a constant that differs between images cannot be exported.`);
    }
    const name = builder.floats('constant', [1, ...output.shape.slice(1)], sum);
    builder.bind(output, builder.emit('Add', [padded, name], output.shape));
  },
};

interface Padding {
  before: number[];
  after: number[];
  value: number;
  shape: readonly number[];
}

function addPad(builder: GraphBuilder, x: string, { before, after, value, shape }: Padding): string {
  return builder.emit('Pad', [x, builder.integers([...before, ...after]), builder.scalar(value)], shape);
}

/**
 * Concatenates constants of one image, with zeros in place of computed values.
 * @returns The values of [1, ...shape]; undefined if a constant differs between the images of the batch.
 */
export function joinConstants(
  constants: readonly (TracedConstant | undefined)[],
  sizes: readonly number[],
  shape: readonly number[],
  axis: number,
): Float32Array | undefined {
  const outer = shape.slice(1, axis).reduce((a, b) => a * b, 1);
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const sum = new Float32Array(outer * shape[axis] * inner);
  let offset = 0;
  for (const [i, constant] of constants.entries()) {
    const length = sizes[i] * inner;
    if (constant) {
      const image = outer * length;
      for (let j = image; j < constant.data.length; j++) {
        if (constant.data[j] !== constant.data[j % image]) return undefined;
      }
      for (let row = 0; row < outer; row++) {
        sum.set(constant.data.subarray(row * length, (row + 1) * length), row * shape[axis] * inner + offset);
      }
    }
    offset += length;
  }
  return sum;
}
