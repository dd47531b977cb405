import { UNSCALE } from '../operands.js';
import type { Bound, Operand } from '../runtime.js';

/** Parts of a product's program that depend on the element type of its inputs. */
export interface Elements {
  key: string;
  f16: boolean;
  /** Returns the storage type of the input for the float type that the program computes with. */
  type(float: string): string;
  /** Bindings of the exponents that half floats are scaled by. */
  exponents: { [name: string]: string };
  bound: Bound;
  /** WGSL at the beginning of the program. */
  begin: string;
  /** Returns the WGSL of the value stored for a sum. */
  result(sum: string): string;
}

/** Returns the parts for two inputs of floats, or two of half floats. */
export function elementsOf(a: Operand, b: Operand): Elements {
  const [aExponent, bExponent] = [a, b].map((operand) =>
    'tensor' in operand ? operand.exponent : undefined,
  );
  if (!aExponent || !bExponent) {
    const identity = (x: string) => x;
    return { key: '', f16: false, type: identity, exponents: {}, bound: {}, begin: '', result: identity };
  }
  const halves: { [float: string]: string } = { f32: 'f16', vec2f: 'vec2h', vec4f: 'vec4h' };
  return {
    key: ' f16',
    f16: true,
    type: (float) => halves[float],
    exponents: { aExponent: 'u32', bExponent: 'u32' },
    bound: { aExponent, bExponent },
    begin: UNSCALE,
    result: (sum) => `${sum} * scaleLow * scaleHigh`,
  };
}
