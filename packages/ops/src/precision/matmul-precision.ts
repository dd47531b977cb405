import type { SignificandBits } from './round-values.js';

/** How precise the products of float32 matrices are, in PyTorch's words, from the most precise down. */
export const MATMUL_PRECISIONS = ['highest', 'high', 'medium'] as const;

/**
 * `highest`: float32 throughout. `high`: inputs of TensorFloat-32's 10 stored bits. `medium`: inputs of bfloat16's 7. Sums
 * are float32 in all of them.
 */
export type MatmulPrecision = (typeof MATMUL_PRECISIONS)[number];

/** The operations that are products, with their gradients: what a precision acts on. */
export const PRODUCT_KINDS = ['matMul', 'pointwiseConv2d', 'conv2d', 'selfAttention'] as const;

/** `matMul` is `linear` too; `pointwiseConv2d` is `conv2d` with a 1×1 filter. */
export type ProductKind = (typeof PRODUCT_KINDS)[number];

/** What takes the place of the precision that is set, for a while. */
export interface ProductPolicy {
  /** The precision of these kinds; the others keep theirs. */
  precisions: { readonly [Kind in ProductKind]?: MatmulPrecision };
  /** Whether results of products below `highest` are rounded to bfloat16, too. Default false. */
  roundOutputs?: boolean;
}

interface State {
  requested: MatmulPrecision;
  policy: ProductPolicy | undefined;
}

// On the global object: the ES module and the CommonJS build of this package in one program share it.
const KEY: unique symbol = Symbol.for('@unitsphere/ops: matmul precision') as never;

function state(): State {
  const holder = globalThis as { [KEY]?: State };
  holder[KEY] ??= { requested: 'highest', policy: undefined };
  return holder[KEY];
}

/**
 * Sets how precise products are from now on, as torch.set_float32_matmul_precision; `highest` at the start. It acts on
 * `matMul` and `linear`, `conv2d` of every kernel size and `selfAttention`. A product's gradients are computed with the
 * precision that was set when the product was, so that the scope of a setting is that of the forward pass. In PyTorch the
 * setting leaves convolutions to cuDNN's own switch (torch.backends.cudnn.allow_tf32, on by default); here they follow it.
 * Depthwise and grouped convolutions, norms, losses and cosines stay float32.
 * @param precision `highest`, `high` or `medium`.
 * @throws RangeError for another word.
 */
export function setFloat32MatmulPrecision(precision: MatmulPrecision): void {
  state().requested = checkPrecision('setFloat32MatmulPrecision', precision);
}

/** What setFloat32MatmulPrecision was last given. */
export function getFloat32MatmulPrecision(): MatmulPrecision {
  return state().requested;
}

/**
 * Runs fn with this precision, and sets it back.
 * @param fn Not async: what runs after it has returned has the precision of before.
 * @returns What fn returns.
 * @throws RangeError for another word; TypeError where fn returns a promise; what fn throws.
 */
export function withFloat32MatmulPrecision<T>(precision: MatmulPrecision, fn: () => T): T {
  checkPrecision('withFloat32MatmulPrecision', precision);
  return during('withFloat32MatmulPrecision', { requested: precision, policy: undefined }, fn);
}

/**
 * Runs fn with precisions by kind of product; autocast of @unitsphere/mixed-precision is made of it.
 * @param fn Not async.
 * @throws RangeError for an unknown kind or precision; TypeError where fn returns a promise; what fn throws.
 */
export function withProductPolicy<T>(policy: ProductPolicy, fn: () => T): T {
  for (const [kind, precision] of Object.entries(policy.precisions)) {
    if (!(PRODUCT_KINDS as readonly string[]).includes(kind)) {
      throw new RangeError(
        `withProductPolicy: ${kind} is not a product; there are ${PRODUCT_KINDS.join(', ')}.`,
      );
    }
    checkPrecision(`withProductPolicy: ${kind}`, precision);
  }
  return during('withProductPolicy', { requested: state().requested, policy }, fn);
}

function during<T>(what: string, changed: State, fn: () => T): T {
  const now = state();
  const before = { ...now };
  Object.assign(now, changed);
  try {
    const result = fn();
    if (typeof (result as { then?: unknown } | undefined)?.then === 'function') {
      throw new TypeError(
        `${what}: fn is async, so most of it would run outside; give it the synchronous part.`,
      );
    }
    return result;
  } finally {
    Object.assign(now, before);
  }
}

/** The precision of a kind of product at this moment. */
export function precisionOf(kind: ProductKind): MatmulPrecision {
  const { requested, policy } = state();
  return policy?.precisions[kind] ?? requested;
}

/** Whether results of low products are rounded at this moment. */
export function roundsOutputs(): boolean {
  return state().policy?.roundOutputs ?? false;
}

/** Stored bits of significand of a product's inputs; null: all of them. */
export function significandBits(precision: MatmulPrecision): SignificandBits | null {
  return ({ highest: null, high: 10, medium: 7 } as const)[precision];
}

function checkPrecision(what: string, precision: MatmulPrecision): MatmulPrecision {
  if (!MATMUL_PRECISIONS.includes(precision)) {
    throw new RangeError(`${what}: "${precision}" is not one of ${MATMUL_PRECISIONS.join(', ')}.`);
  }
  return precision;
}
