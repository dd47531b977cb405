import type { Activation, KernelActivation } from '@unitsphere/ops';
import { UnsupportedNetworkError } from '../../errors.js';
import type { TracedCall, TracedValue } from '../../trace/trace.js';
import type { NetworkBuilder } from '../network-builder.js';
import type { Operation, Operations } from './operation.js';

/** Steps that can apply an activation to their values. */
const FINISHING = ['convolution', 'depthwise', 'affine', 'sum'] as const;

/** Applies an activation in the step before, or else in a step of its own. */
export function activate(
  call: TracedCall,
  builder: NetworkBuilder,
  activation: KernelActivation,
  slope?: Float32Array,
): void {
  const { x } = call.inputs;
  if (activation === 'none') {
    builder.alias(call.output, x);
    return;
  }
  const host = builder.ownProducer(x);
  const isFree =
    host && FINISHING.includes(host.kind as 'sum') && 'activation' in host && host.activation === 'none';
  // A sum has no channels, which slopes require.
  if (isFree && !(slope && host.kind === 'sum')) {
    host.activation = activation;
    if (slope) host.slope = slope;
    builder.merge(call, x);
    return;
  }
  const value = builder.valueOf(x);
  if (slope) {
    const channels = slope.length;
    const [scale, shift] = [new Float32Array(channels).fill(1), new Float32Array(channels)];
    builder.add(call, (y) => ({ kind: 'affine', x: value, y, channels, scale, shift, activation, slope }));
  } else {
    builder.add(call, (y) => ({ kind: 'activate', x: value, y, activation }));
  }
}

const fixed =
  (activation: KernelActivation): Operation =>
  (call, builder) =>
    activate(call, builder, activation);

/** Adds a value to the convolution that computes the other one, or else in a step of its own. */
const addValues: Operation = (call, builder) => {
  const { a, b } = call.inputs;
  const [hostValue, other] = orderOperands(call, builder);
  const host = builder.ownProducer(hostValue);
  if (host?.kind === 'convolution' && !host.added && host.activation === 'none') {
    host.added = builder.valueOf(other);
    return builder.merge(call, hostValue);
  }
  const [left, right] = [builder.valueOf(a), builder.valueOf(b)];
  builder.add(call, (y) => ({ kind: 'sum', a: left, b: right, y, activation: 'none' }));
};

/** Returns the operand that was computed last, which can read the other one, and the other one. */
function orderOperands(
  { inputs: { a, b } }: TracedCall,
  builder: NetworkBuilder,
): [TracedValue, TracedValue] {
  const place = (value: TracedValue) => {
    const producer = builder.ownProducer(value);
    return producer ? builder.steps.indexOf(producer) : -1;
  };
  const isLast = (value: TracedValue, than: TracedValue) => {
    const tensor = builder.valueOf(than);
    return place(value) > builder.steps.findIndex(({ y }) => y === tensor);
  };
  return isLast(b, a) ? [b, a] : isLast(a, b) ? [a, b] : [b, a];
}

/** Adds a constant that is the same for every image. */
function addConstant(call: TracedCall, builder: NetworkBuilder, x: TracedValue, constant: TracedValue): void {
  const values = builder.constantOf(constant)?.data as Float32Array;
  const host = builder.ownProducer(x);
  const size = builder.sizeOf(x);
  if (host?.kind === 'prepend' && values.length === size) {
    const add = (to: Float32Array, from: number) => to.map((value, i) => value + values[from + i]);
    host.tail = add(host.tail, host.head.length);
    host.head = add(host.head, 0);
    builder.merge(call, x);
    return;
  }
  if (values.length !== size)
    throw new UnsupportedNetworkError('The sum with a constant of another shape cannot be compiled.');
  const value = builder.valueOf(x);
  builder.add(call, (y) => ({ kind: 'prepend', x: value, y, head: new Float32Array(0), tail: values }));
}

/** Sums and activations. */
export const arithmetic: Operations = {
  Add: (call, builder) => {
    const { a, b } = call.inputs;
    if (builder.constantOf(a)) addConstant(call, builder, b, a);
    else if (builder.constantOf(b)) addConstant(call, builder, a, b);
    else if (String(a.shape) === String(b.shape)) addValues(call, builder);
    else
      throw new UnsupportedNetworkError(
        `The sum of shapes [${a.shape}] and [${b.shape}] cannot be compiled.`,
      );
  },
  UnitsphereActivation: (call, builder) =>
    activate(call, builder, (call.attrs as { activation: Activation }).activation),
  UnitsphereGelu: fixed('gelu'),
  UnitsphereQuickGelu: fixed('quick_gelu'),
  Relu: fixed('relu'),
  Sigmoid: fixed('sigmoid'),
  UnitspherePrelu: (call, builder) => activate(call, builder, 'prelu', builder.constant(call, 'slope')),
};
