import type { TracedCall } from '@unitsphere/inference';
import type { Activation } from '@unitsphere/ops';
import type { GraphBuilder } from '../graph/graph-builder.js';
import { addActivation } from './activation.js';
import { channelsSecond, constantsOf, perChannel } from './channels.js';
import type { Operations } from './operation.js';

/** Adds a BatchNormalization, which the folding of batch norms merges with the operator before. */
function addBatchNorm(call: TracedCall, builder: GraphBuilder) {
  const x = channelsSecond(builder, call.inputs['x']);
  const { gamma, beta, mean, variance } = constantsOf(builder, call, ['gamma', 'beta', 'mean', 'variance']);
  const constants = [gamma, beta, mean, variance].map(({ name = 'constant', shape, data }) =>
    builder.floats(name, shape, data),
  );
  const { epsilon } = call.attrs as { epsilon: number };
  const attributes = { epsilon: { float: epsilon } };
  return { ...x, name: builder.emit('BatchNormalization', [x.name, ...constants], x.shape, attributes) };
}

/** Batch norm with running statistics, and its fused activations. */
export const batchNorms: Operations = {
  UnitsphereBatchNormInference: (call, builder) => {
    const { name, shape, order } = addBatchNorm(call, builder);
    const { activation } = call.attrs as { activation: Activation };
    builder.bind(call.output, addActivation(builder, activation, name, shape), order);
  },
  UnitsphereBatchNormPreluInference: (call, builder) => {
    const { name, shape, order } = addBatchNorm(call, builder);
    const { slope } = constantsOf(builder, call, ['slope']);
    const slopes = perChannel(builder, slope, shape.length);
    builder.bind(call.output, builder.emit('PRelu', [name, slopes], shape), order);
  },
  UnitspherePrelu: (call, builder) => {
    const { name, shape, order } = channelsSecond(builder, call.inputs['x']);
    const { slope } = constantsOf(builder, call, ['slope']);
    const slopes = perChannel(builder, slope, shape.length);
    builder.bind(call.output, builder.emit('PRelu', [name, slopes], shape), order);
  },
};
