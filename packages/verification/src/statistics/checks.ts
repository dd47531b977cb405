/** @throws RangeError if `values` is empty or a value is not finite. */
export function checkNumbers(values: readonly number[], name: string): void {
  if (values.length === 0) throw new RangeError(`${name} is empty. Pass at least one number.`);
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) throw new RangeError(`${name}[${at}] is ${values[at]}. Every value must be a finite number.`);
}

/** @throws RangeError if the value is not strictly between 0 and 1. */
export function checkConfidence(confidence: number, name = 'confidence'): void {
  if (!(confidence > 0 && confidence < 1)) {
    throw new RangeError(`${name} must be between 0 and 1 (both excluded), got ${confidence}.`);
  }
}

/** Computes the mean and the sample standard deviation. The latter is NaN for one value and exactly 0 for equal values. */
export function meanAndStd(values: readonly number[]): { mean: number; std: number } {
  const n = values.length;
  // Summing differences from the first value makes the deviation of equal values exactly 0.
  const origin = values[0];
  const mean = origin + values.reduce((sum, v) => sum + (v - origin), 0) / n;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / (n - 1)) };
}
