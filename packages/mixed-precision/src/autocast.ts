import { type MatmulPrecision, type ProductKind, withProductPolicy } from '@unitsphere/ops';

type Precision = 'low' | 'float32';

/**
 * What autocast does to each operation of @unitsphere/ops: `low` are products, whose inputs and results are rounded; all
 * else (norms, softmax, losses, cosines, reductions, activations, updates) is float32 and cannot be lowered.
 */
export const AUTOCAST_TABLE = {
  matMul: 'low',
  linear: 'low',
  conv2d: 'low',
  pointwiseConv2d: 'low',
  selfAttention: 'low',
  depthwiseConv2d: 'float32',
  groupedConv2d: 'float32',
  batchNormTrain: 'float32',
  batchNormInference: 'float32',
  batchNormPreluTrain: 'float32',
  batchNormPreluInference: 'float32',
  layerNorm: 'float32',
  l2Normalize: 'float32',
  l2NormalizeGradient: 'float32',
  cosineLogits: 'float32',
  marginSoftmaxForward: 'float32',
  marginSoftmaxBackward: 'float32',
  addBias: 'float32',
  relu: 'float32',
  relu6: 'float32',
  prelu: 'float32',
  silu: 'float32',
  gelu: 'float32',
  quickGelu: 'float32',
  sigmoid: 'float32',
  hardSwish: 'float32',
  hardSigmoid: 'float32',
  maxPool2d: 'float32',
  globalAveragePool: 'float32',
  scaleChannels: 'float32',
  scaleSamples: 'float32',
  gatherRows: 'float32',
  scatterAddRows: 'float32',
  adamWUpdate: 'float32',
  adamWUpdateRows: 'float32',
  sgdUpdate: 'float32',
  sgdUpdateRows: 'float32',
  assignRows: 'float32',
  updateMovingAverage: 'float32',
  sumSquares: 'float32',
  countNonFinite: 'float32',
} as const satisfies { [operation: string]: Precision };

/** How autocast runs. */
export interface AutocastPolicy {
  /** Of `low` operations. Default `medium`, bfloat16's; at `highest` autocast changes nothing. */
  precision?: MatmulPrecision;
  /** Changes to AUTOCAST_TABLE for products: `float32` keeps one from being lowered. `linear` is one with `matMul`. */
  operations?: { readonly [operation in keyof typeof AUTOCAST_TABLE]?: Precision };
  /**
   * Whether results of `low` operations are rounded to bfloat16, as PyTorch's autocast gives them in that type. Default
   * true. They are kept as float32, so this is for faithfulness and saves no memory.
   */
  roundOutputs?: boolean;
}

const KIND: { [operation: string]: ProductKind } = {
  matMul: 'matMul',
  linear: 'matMul',
  conv2d: 'conv2d',
  pointwiseConv2d: 'pointwiseConv2d',
  selfAttention: 'selfAttention',
};

/**
 * Runs fn with its products at lower precision and everything else in float32, as torch.autocast for bfloat16. Parameters
 * stay float32 (each product rounds what it reads), and gradients are computed with the precision their product had. It
 * takes the place of setFloat32MatmulPrecision within; one autocast inside another replaces it.
 * @param policy Default: the table, `medium`, results rounded.
 * @param fn The forward pass; not async.
 * @returns What fn returns.
 * @throws RangeError where the policy lowers an operation that stays float32, or names one that is not in the table;
 *   TypeError where fn returns a promise.
 */
export function autocast<T>(policy: AutocastPolicy, fn: () => T): T {
  const { precision = 'medium', operations = {}, roundOutputs = true } = policy;
  for (const [name, wanted] of Object.entries(operations)) {
    const usual = AUTOCAST_TABLE[name as keyof typeof AUTOCAST_TABLE];
    if (!usual) throw new RangeError(`autocast: there is no operation ${name}; see AUTOCAST_TABLE.`);
    if (wanted !== 'low' && wanted !== 'float32') {
      throw new RangeError(`autocast: ${name} is to be "${wanted}", which is neither low nor float32.`);
    }
    if (usual === 'float32' && wanted === 'low') {
      throw new RangeError(
        `autocast: ${name} stays float32; only ${Object.keys(KIND).join(', ')} can be low.`,
      );
    }
  }
  const precisions: { [kind in ProductKind]?: MatmulPrecision } = {};
  for (const [name, kind] of Object.entries(KIND)) {
    const wanted = { ...AUTOCAST_TABLE, ...operations }[name as keyof typeof AUTOCAST_TABLE];
    // Two names of one product: float32 for either holds.
    precisions[kind] = wanted === 'float32' || precisions[kind] === 'highest' ? 'highest' : precision;
  }
  return withProductPolicy({ precisions, roundOutputs }, fn);
}
