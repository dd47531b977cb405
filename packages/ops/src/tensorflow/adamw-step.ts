import type { AdamWRowsFactors } from '../optimizer-attrs.js';
import type { Operations } from './operations-of.js';

/** Values that a step of AdamW changes, and their gradient. */
export type AdamWValues<V> = Record<'parameter' | 'gradient' | 'expAvg' | 'expAvgSq', V>;

/** Corrections of the bias of the running means: of one shape with the parameter, by broadcasting. */
export type AdamWCorrections<V> = Record<'stepSize' | 'inverseRootCorrection2', V>;

/** Names of the scalars of a step besides the corrections. */
export const ADAMW_SCALARS = [
  'gradientScale',
  'beta1',
  'oneMinusBeta1',
  'beta2',
  'oneMinusBeta2',
  'eps',
  'kept',
] as const;

/** Scalars of a step, in {@link ADAMW_SCALARS}'s order. */
export function adamWScalars({ gradientScale, beta1, beta2, eps, kept }: AdamWRowsFactors): number[] {
  return [gradientScale, beta1, 1 - beta1, beta2, 1 - beta2, eps, kept];
}

/** Computes the new parameter, running mean and running mean of squares. `scalars` are those of {@link ADAMW_SCALARS}. */
export function adamWStep<V>(
  operations: Operations<V>,
  { parameter, gradient, expAvg, expAvgSq }: AdamWValues<V>,
  { stepSize, inverseRootCorrection2 }: AdamWCorrections<V>,
  [gradientScale, beta1, oneMinusBeta1, beta2, oneMinusBeta2, eps, kept]: V[],
): [V, V, V] {
  const multiply = (a: V, b: V) => operations.floats('Mul', a, b);
  const add = (a: V, b: V) => operations.floats('AddV2', a, b);
  const g = multiply(gradient, gradientScale);
  const mean = add(multiply(expAvg, beta1), multiply(g, oneMinusBeta1));
  const meanSquare = add(multiply(expAvgSq, beta2), multiply(operations.floats('Square', g), oneMinusBeta2));
  const root = operations.floats('Sqrt', meanSquare);
  const denominator = add(multiply(root, inverseRootCorrection2), eps);
  const step = operations.floats('RealDiv', multiply(mean, stepSize), denominator);
  return [operations.floats('Sub', multiply(parameter, kept), step), mean, meanSquare];
}
