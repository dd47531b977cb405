/** Throws unless value is a finite number of at least 0. */
export function checkNotNegative(name: string, value: number): number {
  if (!(Number.isFinite(value) && value >= 0)) {
    throw new RangeError(`${name} must be a finite number of at least 0, but it is ${value}.`);
  }
  return value;
}

/** Throws unless value is in [0, 1). */
export function checkFraction(name: string, value: number): number {
  if (!(value >= 0 && value < 1)) throw new RangeError(`${name} must be in [0, 1), but it is ${value}.`);
  return value;
}

/** Throws unless value is an integer of at least low. */
export function checkInteger(name: string, value: number, low: number): number {
  if (!(Number.isSafeInteger(value) && value >= low)) {
    throw new RangeError(`${name} must be an integer of at least ${low}, but it is ${value}.`);
  }
  return value;
}
