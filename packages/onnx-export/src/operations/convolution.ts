import type { TracedCall } from '@unitsphere/inference';
import { type GraphBuilder, NCHW } from '../graph/graph-builder.js';
import type { Operations } from './operation.js';

/** Adds a Conv. `order` permutes the kernel to [outChannels, inChannels / groups, height, width]. */
function addConv(call: TracedCall, builder: GraphBuilder, order: readonly number[], groups: number): void {
  const { x, filter } = call.inputs;
  const { stride, padding } = call.attrs as { stride: number; padding: number };
  const kernel = builder.requireConstant(filter, call.kernel, 'filter');
  const [height, width] = kernel.shape;
  const conv = builder.emit(
    'Conv',
    [builder.nameOf(x, NCHW), builder.permuted(kernel, order)],
    NCHW.map((axis) => call.output.shape[axis]),
    {
      group: { int: groups },
      kernel_shape: { ints: [height, width] },
      pads: { ints: [padding, padding, padding, padding] },
      strides: { ints: [stride, stride] },
    },
  );
  builder.bind(call.output, conv, NCHW);
}

const HWIO_TO_OIHW = [3, 2, 0, 1];
const DEPTHWISE_TO_OIHW = [2, 3, 0, 1];

/** Convolutions: dense, depthwise and grouped. */
export const convolutions: Operations = {
  UnitsphereConv2d: (call, builder) => addConv(call, builder, HWIO_TO_OIHW, 1),
  UnitsphereDepthwiseConv2d: (call, builder) =>
    addConv(call, builder, DEPTHWISE_TO_OIHW, call.inputs['filter'].shape[2]),
  UnitsphereGroupedConv2d: (call, builder) => {
    const { x, filter } = call.inputs;
    addConv(call, builder, HWIO_TO_OIHW, x.shape[3] / filter.shape[2]);
  },
};
