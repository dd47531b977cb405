import * as tf from '@tensorflow/tfjs-core';
import type { OptimizedParameter } from '../src/index.js';

/** Creates a parameter with given values. */
export function parameter(values: number[], weightDecay = true): OptimizedParameter {
  return { variable: tf.tidy(() => tf.variable(tf.tensor1d(values))), weightDecay };
}

/** Reads a parameter's values. */
export function valuesOf({ variable }: { variable: tf.Variable }): number[] {
  return Array.from(variable.dataSync());
}

/** Creates matchers that accept a relative tolerance, or 1e-7 near zero. */
export function close(values: number[], tolerance = 1e-6) {
  return values.map((value) => ({
    asymmetricMatch: (actual: number) => Math.abs(actual - value) <= 1e-7 + tolerance * Math.abs(value),
    toString: () => `close to ${value}`,
  }));
}

/** Frees parameters. */
export function free(...parameters: OptimizedParameter[]): void {
  for (const { variable } of parameters) variable.dispose();
}
