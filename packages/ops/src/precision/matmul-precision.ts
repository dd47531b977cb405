import type { SignificandBits } from './round-values.js';

/** Precisions of products of float32 matrices, by PyTorch's names, from the most to the least precise. */
export const MATMUL_PRECISIONS = ['highest', 'high', 'medium'] as const;

/**
 * Precision of products. `highest`: float32 throughout. `high`: inputs have TensorFloat-32's 10 stored bits of significand.
 * `medium`: inputs have bfloat16's 7. Sums are always float32.
 */
export type MatmulPrecision = (typeof MATMUL_PRECISIONS)[number];

/** Kinds of products that a precision applies to, gradients included. */
export const PRODUCT_KINDS = ['matMul', 'pointwiseConv2d', 'conv2d', 'selfAttention'] as const;

/** Kind of product. `matMul` includes `linear`; `pointwiseConv2d` is `conv2d` with a 1×1 filter. */
export type ProductKind = (typeof PRODUCT_KINDS)[number];

/** Precisions that replace the global one while a function runs. */
export interface ProductPolicy {
  /** Precision of each kind; the others keep the global one. */
  precisions: { readonly [Kind in ProductKind]?: MatmulPrecision };
  /** Whether to also round the results of products below `highest` to bfloat16. Default false. */
  roundOutputs?: boolean;
}

interface State {
  requested: MatmulPrecision;
  policy: ProductPolicy | undefined;
}

// On the global object, so that the ES module and CommonJS builds of this package share it in one program.
const KEY: unique symbol = Symbol.for('@unitsphere/ops: matmul precision') as never;

function state(): State {
  const holder = globalThis as { [KEY]?: State };
  holder[KEY] ??= { requested: 'highest', policy: undefined };
  return holder[KEY];
}

/**
 * Sets the global precision of products, as torch.set_float32_matmul_precision. The default is `highest`. It applies to
 * `matMul`, `linear`, `conv2d` of every kernel size and `selfAttention`. Gradients use the precision that was set when their
 * product ran, so a setting's scope is the forward pass. In PyTorch, convolutions have a separate switch
 * (torch.backends.cudnn.allow_tf32, on by default); here they follow this setting. Depthwise and grouped convolutions, norms,
 * losses and cosines stay float32.
 * @param precision `highest`, `high` or `medium`.
 * @throws RangeError for any other value.
 */
export function setFloat32MatmulPrecision(precision: MatmulPrecision): void {
  state().requested = checkPrecision('setFloat32MatmulPrecision', precision);
}

/** Returns the global precision of products. */
export function getFloat32MatmulPrecision(): MatmulPrecision {
  return state().requested;
}

/**
 * Runs fn with a global precision, and then restores the previous one.
 * @param fn Must be synchronous: code that runs after it returns has the previous precision.
 * @returns What fn returns.
 * @throws RangeError for an unknown precision, TypeError if fn returns a promise, or what fn throws.
 */
export function withFloat32MatmulPrecision<T>(precision: MatmulPrecision, fn: () => T): T {
  checkPrecision('withFloat32MatmulPrecision', precision);
  return runWithState('withFloat32MatmulPrecision', { requested: precision, policy: undefined }, fn);
}

/**
 * Runs fn with a precision for each kind of product. `autocast` of @unitsphere/mixed-precision uses it.
 * @param fn Must be synchronous.
 * @returns What fn returns.
 * @throws RangeError for an unknown kind or precision, TypeError if fn returns a promise, or what fn throws.
 */
export function withProductPolicy<T>(policy: ProductPolicy, fn: () => T): T {
  for (const [kind, precision] of Object.entries(policy.precisions)) {
    if (!(PRODUCT_KINDS as readonly string[]).includes(kind)) {
      throw new RangeError(
        `withProductPolicy: ${kind} is not a kind of product. Use one of ${PRODUCT_KINDS.join(', ')}.`,
      );
    }
    checkPrecision(`withProductPolicy: ${kind}`, precision);
  }
  return runWithState('withProductPolicy', { requested: state().requested, policy }, fn);
}

function runWithState<T>(caller: string, changes: State, fn: () => T): T {
  const current = state();
  const previous = { ...current };
  Object.assign(current, changes);
  try {
    const result = fn();
    if (typeof (result as { then?: unknown } | undefined)?.then === 'function') {
      throw new TypeError(
        `${caller}: fn is async, so it would mostly run with the previous precision. Pass its synchronous part.`,
      );
    }
    return result;
  } finally {
    Object.assign(current, previous);
  }
}

/** Returns the current precision of a kind of product. */
export function precisionOf(kind: ProductKind): MatmulPrecision {
  const { requested, policy } = state();
  return policy?.precisions[kind] ?? requested;
}

/** Returns whether results of products below `highest` are currently rounded. */
export function roundsOutputs(): boolean {
  return state().policy?.roundOutputs ?? false;
}

/** Returns the stored bits of significand of a product's inputs; null for all of them. */
export function significandBits(precision: MatmulPrecision): SignificandBits | null {
  return ({ highest: null, high: 10, medium: 7 } as const)[precision];
}

function checkPrecision(caller: string, precision: MatmulPrecision): MatmulPrecision {
  if (!MATMUL_PRECISIONS.includes(precision)) {
    throw new RangeError(`${caller}: "${precision}" is not one of ${MATMUL_PRECISIONS.join(', ')}.`);
  }
  return precision;
}
