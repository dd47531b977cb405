/** @throws RangeError when there is no number or one is not finite. */
export function checkNumbers(values: readonly number[], name: string): void {
  if (values.length === 0) throw new RangeError(`${name} is empty. Give at least one number.`);
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) throw new RangeError(`${name}[${at}] is ${values[at]}. Every value must be a finite number.`);
}

/** @throws RangeError when it is not a proportion strictly between 0 and 1. */
export function checkConfidence(confidence: number, name = 'confidence'): void {
  if (!(confidence > 0 && confidence < 1)) {
    throw new RangeError(`${name} must be between 0 and 1 (both excluded), got ${confidence}.`);
  }
}

/** The mean and the sample standard deviation, which is NaN of one value. Equal values have exactly 0. */
export function meanAndStd(values: readonly number[]): { mean: number; std: number } {
  const n = values.length;
  // Around the first value, so that equal values leave no rounding for a spread.
  const origin = values[0];
  const mean = origin + values.reduce((sum, v) => sum + (v - origin), 0) / n;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / (n - 1)) };
}
