import { plain } from '../graph/graph-builder.js';
import type { Operations } from './operation.js';

/** Multi-head self-attention of one tensor of queries, keys and values. */
export const attention: Operations = {
  UnitsphereSelfAttention: ({ inputs: { qkv }, attrs, output }, builder) => {
    const { heads } = attrs as { heads: number };
    const [batch, tokens, channels] = output.shape;
    const width = channels / heads;
    const split = builder.reshape(builder.nameOf(qkv, plain(3)), [batch, tokens, 3 * heads, width]);
    const byHead = builder.emit('Transpose', [split], [batch, 3 * heads, tokens, width], {
      perm: { ints: [0, 2, 1, 3] },
    });
    const headShape = [batch, heads, tokens, width];
    const part = (index: number) =>
      builder.emit(
        'Slice',
        [byHead, ...[index * heads, (index + 1) * heads, 1].map((value) => builder.integers([value]))],
        headShape,
      );
    const queries = builder.emit('Mul', [part(0), builder.scalar(1 / Math.sqrt(width))], headShape);
    const keys = builder.emit('Transpose', [part(1)], [batch, heads, width, tokens], {
      perm: { ints: [0, 1, 3, 2] },
    });
    const square = [batch, heads, tokens, tokens];
    const scores = builder.emit('MatMul', [queries, keys], square);
    const weights = builder.emit('Softmax', [scores], square, { axis: { int: -1 } });
    const mixed = builder.emit('MatMul', [weights, part(2)], headShape);
    const joined = builder.emit('Transpose', [mixed], [batch, tokens, heads, width], {
      perm: { ints: [0, 2, 1, 3] },
    });
    builder.bind(output, builder.reshape(joined, output.shape));
  },
};
