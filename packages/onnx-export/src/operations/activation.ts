import type { Activation } from '@unitsphere/ops';
import type { GraphBuilder } from '../graph/graph-builder.js';
import type { Operations } from './operation.js';

// relu6(x + 3) / 6
const HARD_SIGMOID = { alpha: { float: 1 / 6 }, beta: { float: 0.5 } };
const QUICK_GELU_SLOPE = 1.702;

/** Adds x · sigmoid(slope · x). */
function addGate(builder: GraphBuilder, x: string, shape: readonly number[], slope = 1): string {
  const scaled = slope === 1 ? x : builder.emit('Mul', [x, builder.scalar(slope)], shape);
  return builder.emit('Mul', [x, builder.emit('Sigmoid', [scaled], shape)], shape);
}

const activations: Record<
  Activation,
  (builder: GraphBuilder, x: string, shape: readonly number[]) => string
> = {
  none: (_, x) => x,
  relu: (builder, x, shape) => builder.emit('Relu', [x], shape),
  relu6: (builder, x, shape) => builder.emit('Clip', [x, builder.scalar(0), builder.scalar(6)], shape),
  hard_swish: (builder, x, shape) => builder.emit('HardSwish', [x], shape),
  hard_sigmoid: (builder, x, shape) => builder.emit('HardSigmoid', [x], shape, HARD_SIGMOID),
  silu: (builder, x, shape) => addGate(builder, x, shape),
  sigmoid: (builder, x, shape) => builder.emit('Sigmoid', [x], shape),
};

/** Adds the nodes of an activation by its name. @param shape Shape of x in the graph. @returns The output's name. */
export function addActivation(
  builder: GraphBuilder,
  activation: Activation,
  x: string,
  shape: readonly number[],
): string {
  return activations[activation](builder, x, shape);
}

/** Applies a function of the graph's value to a traced value of any order of axes. */
const elementwise =
  (
    add: (builder: GraphBuilder, x: string, shape: readonly number[], attrs: object) => string,
  ): Operations[string] =>
  ({ inputs: { x }, attrs, output }, builder) => {
    const order = builder.orderOf(x);
    const shape = order.map((axis) => x.shape[axis]);
    builder.bind(output, add(builder, builder.nameOf(x), shape, attrs), order);
  };

/** Activations as operations of their own. */
export const activationOperations: Operations = {
  UnitsphereActivation: elementwise((builder, x, shape, attrs) =>
    addActivation(builder, (attrs as { activation: Activation }).activation, x, shape),
  ),
  UnitsphereGelu: elementwise((builder, x, shape) => builder.emit('Gelu', [x], shape)),
  UnitsphereQuickGelu: elementwise((builder, x, shape) => addGate(builder, x, shape, QUICK_GELU_SLOPE)),
  Relu: elementwise((builder, x, shape) => builder.emit('Relu', [x], shape)),
  Sigmoid: elementwise((builder, x, shape) => builder.emit('Sigmoid', [x], shape)),
  Identity: elementwise((_, x) => x),
};
