import { softmaxFunctions } from './softmax.js';
import { addressOf } from './wasm-functions.js';

/** Replaces all but the first largest value of each group of `size` values by −Infinity. */
export function keepLargest(values: Float32Array, size: number): void {
  const wasm = softmaxFunctions(values);
  if (wasm) {
    wasm.keepLargest(addressOf(values), values.length / size, size);
    return;
  }
  for (let from = 0; from < values.length; from += size) {
    let best = from;
    for (let k = from + 1; k < from + size; k++) if (values[k] > values[best]) best = k;
    for (let k = from; k < from + size; k++) if (k !== best) values[k] = Number.NEGATIVE_INFINITY;
  }
}
