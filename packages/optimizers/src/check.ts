/**
 * Returns the value.
 * @throws RangeError unless it is a finite non-negative number.
 */
export function checkNotNegative(name: string, value: number): number {
  if (!(Number.isFinite(value) && value >= 0)) {
    throw new RangeError(`${name} must be a finite non-negative number, but it is ${value}.`);
  }
  return value;
}

/**
 * Returns the value.
 * @throws RangeError unless it is in [0, 1).
 */
export function checkFraction(name: string, value: number): number {
  if (!(value >= 0 && value < 1)) throw new RangeError(`${name} must be in [0, 1), but it is ${value}.`);
  return value;
}

/**
 * Returns the value.
 * @throws RangeError unless it is an integer of at least `low`.
 */
export function checkInteger(name: string, value: number, low: number): number {
  if (!(Number.isSafeInteger(value) && value >= low)) {
    throw new RangeError(`${name} must be an integer of at least ${low}, but it is ${value}.`);
  }
  return value;
}
