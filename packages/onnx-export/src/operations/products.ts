import { OnnxExportError } from '../errors.js';
import { plain } from '../graph/graph-builder.js';
import { channelsSecond, perChannel } from './channels.js';
import type { Operations } from './operation.js';

/** Matrix products with parameters, and biases. */
export const products: Operations = {
  UnitsphereMatMul: ({ kernel, inputs: { a, b }, attrs, output }, builder) => {
    const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
    if (transposeA) throw new OnnxExportError(`${kernel}: a transposed first factor cannot be exported.`);
    const weight = builder.requireConstant(b, kernel, 'b');
    // PyTorch's layout [outFeatures, inFeatures], also for a factor that is not transposed.
    const rows = builder.permuted(weight, transposeB ? [0, 1] : [1, 0]);
    builder.bind(
      output,
      builder.emit('Gemm', [builder.nameOf(a, [0, 1]), rows], output.shape, { transB: { int: 1 } }),
    );
  },
  UnitsphereAddBias: ({ kernel, inputs: { x, bias }, output }, builder) => {
    const constant = builder.requireConstant(bias, kernel, 'bias');
    if (x.shape.length === 3) {
      const name = builder.floats(constant.name ?? 'constant', constant.shape, constant.data);
      return builder.bind(output, builder.emit('Add', [builder.nameOf(x, plain(3)), name], x.shape));
    }
    const { name, shape, order } = channelsSecond(builder, x);
    const values = perChannel(builder, constant, shape.length);
    builder.bind(output, builder.emit('Add', [name, values], shape), order);
  },
};
