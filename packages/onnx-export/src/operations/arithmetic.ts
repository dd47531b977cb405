import type { TracedConstant, TracedValue } from '@unitsphere/inference';
import type { GraphBuilder } from '../graph/graph-builder.js';
import { permute } from '../graph/permute.js';
import type { Operation, Operations } from './operation.js';

/** Adds an operator of two values of one shape, or of a value and a constant that broadcasts to its shape. */
const binary =
  (op: string): Operation =>
  ({ inputs: { a, b }, output }, builder) => {
    const lead = builder.constantOf(a) ? b : a;
    const order = builder.orderOf(lead);
    const operand = (value: TracedValue) => {
      const constant = builder.constantOf(value);
      return constant ? addBroadcast(builder, constant, order) : builder.nameOf(value, order);
    };
    const shape = order.map((axis) => output.shape[axis]);
    builder.bind(output, builder.emit(op, [operand(a), operand(b)], shape), order);
  };

/** Adds a constant with as many axes as the other operand, in the other operand's order. */
function addBroadcast(builder: GraphBuilder, constant: TracedConstant, order: readonly number[]): string {
  const missing = order.length - constant.shape.length;
  const shape = [...Array.from({ length: missing }, () => 1), ...constant.shape];
  const data = permute(constant.data, shape, order);
  return builder.floats(
    constant.name ?? 'constant',
    order.map((axis) => shape[axis]),
    data,
  );
}

/** Elementwise operators of two operands. */
export const arithmetic: Operations = {
  Add: binary('Add'),
  Sub: binary('Sub'),
  Multiply: binary('Mul'),
  RealDiv: binary('Div'),
};
