import type { TracedCall, TracedConstant, TracedValue } from '@unitsphere/inference';
import type { GraphBuilder } from '../graph/graph-builder.js';

/** A value with channels on its last traced axis, as the graph's operators require it: channels on axis 1. */
export interface ChannelsSecond {
  name: string;
  shape: readonly number[];
  order: readonly number[];
}

/** Returns a value of 2 or 4 dimensions with its channels on axis 1. */
export function channelsSecond(builder: GraphBuilder, x: TracedValue): ChannelsSecond {
  const rank = x.shape.length;
  const order = [0, rank - 1, ...Array.from({ length: rank - 2 }, (_, i) => i + 1)];
  return { name: builder.nameOf(x, order), shape: order.map((axis) => x.shape[axis]), order };
}

/** Adds a constant of one value a channel that broadcasts over a value with its channels on axis 1. */
export function perChannel(builder: GraphBuilder, { name, data }: TracedConstant, rank: number): string {
  const shape = [data.length, ...Array.from({ length: rank - 2 }, () => 1)];
  return builder.floats(name ?? 'constant', shape, data);
}

/** Returns an operation's constant inputs of one value a channel. */
export function constantsOf<Name extends string>(
  builder: GraphBuilder,
  { kernel, inputs }: TracedCall,
  names: readonly Name[],
): Record<Name, TracedConstant> {
  const entries = names.map((name) => [name, builder.requireConstant(inputs[name], kernel, name)]);
  return Object.fromEntries(entries) as Record<Name, TracedConstant>;
}
