import { type MatmulPrecision, type ProductKind, withProductPolicy } from '@unitsphere/ops';

type Precision = 'low' | 'float32';

/**
 * Precision of each operation of @unitsphere/ops under autocast. `low` operations are products, whose inputs and results
 * are rounded. All others (norms, softmax, losses, cosines, reductions, activations, updates) are always float32.
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
  adamWUpdateEach: 'float32',
  adamWUpdateRows: 'float32',
  sgdUpdate: 'float32',
  sgdUpdateRows: 'float32',
  assignRows: 'float32',
  updateMovingAverage: 'float32',
  sumSquares: 'float32',
  sumSquaresOfEach: 'float32',
  updateRunningStatistics: 'float32',
  countNonFinite: 'float32',
} as const satisfies { [operation: string]: Precision };

/** Settings of `autocast`. */
export interface AutocastPolicy {
  /** Precision of `low` operations. Default `medium` (bfloat16); with `highest`, autocast changes nothing. */
  precision?: MatmulPrecision;
  /** Overrides of AUTOCAST_TABLE: `float32` keeps a product in float32. `linear` and `matMul` are the same product. */
  operations?: { readonly [operation in keyof typeof AUTOCAST_TABLE]?: Precision };
  /**
   * Whether to round the results of `low` operations to bfloat16, the dtype that PyTorch's autocast returns. Default true.
   * The results are stored as float32, so rounding reproduces PyTorch's numerics but saves no memory.
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
 * stay float32: each product rounds its own inputs. Gradients have the precision of their product. Inside fn, autocast
 * overrides setFloat32MatmulPrecision; a nested autocast overrides the outer one.
 * @param policy `{}` uses AUTOCAST_TABLE, `medium` and rounded results.
 * @param fn The forward pass, a synchronous function.
 * @returns The result of fn.
 * @throws RangeError if the policy lowers an operation that stays float32 or names an unknown one; TypeError if fn returns
 *   a promise.
 */
export function autocast<T>(policy: AutocastPolicy, fn: () => T): T {
  const { precision = 'medium', operations = {}, roundOutputs = true } = policy;
  for (const [name, wanted] of Object.entries(operations)) {
    const usual = AUTOCAST_TABLE[name as keyof typeof AUTOCAST_TABLE];
    if (!usual) throw new RangeError(`autocast: there is no operation ${name}; AUTOCAST_TABLE lists them.`);
    if (wanted !== 'low' && wanted !== 'float32') {
      throw new RangeError(`autocast: ${name} must be 'low' or 'float32', but it is '${wanted}'.`);
    }
    if (usual === 'float32' && wanted === 'low') {
      throw new RangeError(
        `autocast: ${name} always runs in float32; only ${Object.keys(KIND).join(', ')} can be 'low'.`,
      );
    }
  }
  const precisions: { [kind in ProductKind]?: MatmulPrecision } = {};
  for (const [name, kind] of Object.entries(KIND)) {
    const wanted = { ...AUTOCAST_TABLE, ...operations }[name as keyof typeof AUTOCAST_TABLE];
    // matMul and linear are one product: float32 for either of them wins.
    precisions[kind] = wanted === 'float32' || precisions[kind] === 'highest' ? 'highest' : precision;
  }
  return withProductPolicy({ precisions, roundOutputs }, fn);
}
