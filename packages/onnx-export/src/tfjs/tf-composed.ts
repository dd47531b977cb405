import type { TracedCall } from '@unitsphere/inference';
import { type GraphDefBuilder, tfAttributes } from './graph-def.js';

const { flag, float } = tfAttributes;

/** Adds the mean over the last axis, which stays with size 1. */
function addMean(builder: GraphDefBuilder, x: string): string {
  return builder.add('Mean', [x, builder.integers([-1])], { ...float, keep_dims: flag(true) });
}

/** Adds x · sigmoid(slope · x). */
export function addGate(builder: GraphDefBuilder, x: string, slope = 1): string {
  const scaled = slope === 1 ? x : builder.add('Mul', [x, builder.scalar(slope)]);
  return builder.add('Mul', [x, builder.add('Sigmoid', [scaled])]);
}

/** Adds x · (1 + erf(x / √2)) / 2. */
export function addGelu(builder: GraphDefBuilder, x: string): string {
  const erf = builder.add('Erf', [builder.add('Mul', [x, builder.scalar(Math.SQRT1_2)])]);
  const half = builder.add('Mul', [x, builder.scalar(0.5)]);
  return builder.add('Mul', [half, builder.add('AddV2', [erf, builder.scalar(1)])]);
}

/** Adds (x − mean) / √(variance + ε) · γ + β over the last axis. */
export function addLayerNorm({ inputs, attrs }: TracedCall, builder: GraphDefBuilder): string {
  const { x, gamma, beta } = inputs;
  const { epsilon } = attrs as { epsilon: number };
  const name = builder.nameOf(x);
  const centered = builder.add('Sub', [name, addMean(builder, name)]);
  const variance = addMean(builder, builder.add('Square', [centered]));
  const scale = builder.add('Rsqrt', [builder.add('AddV2', [variance, builder.scalar(epsilon)])]);
  const normalized = builder.add('Mul', [centered, scale]);
  return builder.add('AddV2', [
    builder.add('Mul', [normalized, builder.nameOf(gamma)]),
    builder.nameOf(beta),
  ]);
}

/** Adds x / max(|x|, ε). */
export function addUnitLength({ inputs: { x }, attrs }: TracedCall, builder: GraphDefBuilder): string {
  const { epsilon } = attrs as { epsilon: number };
  const name = builder.nameOf(x);
  const squares = [builder.add('Square', [name]), builder.integers([-1])];
  const norm = builder.add('Sqrt', [builder.add('Sum', squares, { ...float, keep_dims: flag(true) })]);
  return builder.add('RealDiv', [name, builder.add('Maximum', [norm, builder.scalar(epsilon)])]);
}

/** Adds multi-head self-attention of one tensor of queries, keys and values. */
export function addSelfAttention(
  { inputs: { qkv }, attrs, output }: TracedCall,
  builder: GraphDefBuilder,
): string {
  const { heads } = attrs as { heads: number };
  const [batch, tokens, channels] = output.shape;
  const width = channels / heads;
  const swapped = builder.integers([0, 2, 1, 3]);
  const split = builder.reshape(builder.nameOf(qkv), [batch, tokens, 3 * heads, width]);
  const byHead = builder.add('Transpose', [split, swapped]);
  const size = builder.integers([-1, heads, tokens, width]);
  const part = (index: number) =>
    builder.add('Slice', [byHead, builder.integers([0, index * heads, 0, 0]), size]);
  const product = (a: string, b: string, transposed: boolean) =>
    builder.add('BatchMatMulV2', [a, b], { ...float, adj_x: flag(false), adj_y: flag(transposed) });
  const queries = builder.add('Mul', [part(0), builder.scalar(1 / Math.sqrt(width))]);
  const weights = builder.add('Softmax', [product(queries, part(1), true)]);
  const mixed = builder.add('Transpose', [product(weights, part(2), false), swapped]);
  return builder.reshape(mixed, output.shape);
}
