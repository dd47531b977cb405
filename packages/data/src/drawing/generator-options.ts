/** Options shared by the image generators. */
export interface GeneratorOptions {
  readonly identities: number;
  readonly seed?: number;
  readonly size?: number;
  readonly samplesPerIdentity?: number;
}

/**
 * Checks a generator's options and fills in the defaults.
 * @param caller Class name for error messages.
 * @throws RangeError if an option is out of range.
 */
export function checkGeneratorOptions(
  caller: string,
  options: GeneratorOptions,
  defaultSize: number,
): Required<GeneratorOptions> {
  const { identities, seed = 0, size = defaultSize, samplesPerIdentity = 100 } = options;
  const integer = (name: string, value: number, low: number, high: number) => {
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new RangeError(`${caller}: ${name} must be an integer from ${low} to ${high}, not ${value}.`);
    }
  };
  integer('identities', identities, 1, 10_000_000);
  integer('size', size, 32, 1024);
  integer('samplesPerIdentity', samplesPerIdentity, 1, Number.MAX_SAFE_INTEGER);
  if (typeof seed !== 'number' || !Number.isFinite(seed)) {
    throw new RangeError(`${caller}: seed must be a finite number, not ${seed}.`);
  }
  return { identities, seed, size, samplesPerIdentity };
}

/** @throws RangeError if a limit for drawn images in memory is not a number of bytes. */
export function checkMemory(caller: string, memory: number): void {
  if (!(memory >= 0)) throw new RangeError(`${caller}: memory must be a number of bytes, not ${memory}.`);
}
