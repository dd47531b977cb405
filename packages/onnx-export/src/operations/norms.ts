import { plain } from '../graph/graph-builder.js';
import { constantsOf } from './channels.js';
import type { Operations } from './operation.js';

/** Norms over the last axis. */
export const vectorNorms: Operations = {
  UnitsphereLayerNorm: (call, builder) => {
    const { x } = call.inputs;
    const { gamma, beta } = constantsOf(builder, call, ['gamma', 'beta']);
    const constants = [gamma, beta].map(({ name = 'constant', shape, data }) =>
      builder.floats(name, shape, data),
    );
    const { epsilon } = call.attrs as { epsilon: number };
    const input = builder.nameOf(x, plain(x.shape.length));
    const attributes = { axis: { int: -1 }, epsilon: { float: epsilon } };
    builder.bind(call.output, builder.emit('LayerNormalization', [input, ...constants], x.shape, attributes));
  },
  UnitsphereL2Normalize: ({ inputs: { x }, attrs, output }, builder) => {
    const { epsilon } = attrs as { epsilon: number };
    const input = builder.nameOf(x, [0, 1]);
    const column = [x.shape[0], 1];
    // Not ReduceL2, for which the shape inference of onnxruntime's quantization tools fails.
    const squares = builder.emit('Mul', [input, input], x.shape);
    const sum = builder.emit('ReduceSum', [squares, builder.integers([1])], column, { keepdims: { int: 1 } });
    // Clip and not Max, which onnxruntime-web lacks on WebGPU.
    const clipped = builder.emit('Clip', [sum, builder.scalar(epsilon * epsilon)], column);
    builder.bind(output, builder.emit('Div', [input, builder.emit('Sqrt', [clipped], column)], x.shape));
  },
};
