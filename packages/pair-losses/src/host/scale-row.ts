import { rowFunctions } from './rows.js';
import { addressOf } from './wasm-functions.js';

/** Multiplies the values of a row, in place. */
export function scaleRow(values: Float32Array, factor: number): void {
  const wasm = rowFunctions(values);
  if (wasm) wasm.multiply(addressOf(values), values.length, factor);
  else for (let k = 0; k < values.length; k++) values[k] *= factor;
}
