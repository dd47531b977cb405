import type { Random } from '@unitsphere/core/random';
import { nativeImageFunctions } from '@unitsphere/images';

const SIZE = 4096;

/** Median quantiles of SIZE equally likely slices of the standard normal distribution, scaled to unit variance. */
const quantiles = /* @__PURE__ */ buildQuantiles();

/**
 * Fills an array with independent normal draws from a table, two per 32-bit number with 12 bits each. The tails end at
 * ±3.7 standard deviations. An order of magnitude faster than exact draws, and precise enough for 8-bit images.
 */
export function fillNormal(target: Float32Array, deviation: number, random: Random): void {
  const scaled = quantiles.map((q) => q * deviation);
  const pairs = target.length & ~1;
  for (let i = 0; i < pairs; i += 2) {
    const bits = random.uint32();
    target[i] = scaled[bits & 4095];
    target[i + 1] = scaled[bits >>> 20];
  }
  if (pairs < target.length) target[pairs] = scaled[random.uint32() & 4095];
}

/** Fraction bits of the noise that `addNormal` adds. */
const NOISE_BITS = 6;

/** Adds to every byte a normal draw of 12 bits, in place. The draws are those of `fillNormal`, rounded to 1/64. */
export function addNormal(data: Uint8Array, deviation: number, random: Random): void {
  const native = nativeImageFunctions();
  if (native) {
    const state = random.saveState();
    native.addNormal(data, state, quantiles, deviation);
    random.restoreState(state);
    return;
  }
  const table = Int16Array.from(quantiles, (quantile) =>
    Math.max(-0x8000, Math.min(0x7fff, Math.floor(quantile * deviation * (1 << NOISE_BITS) + 0.5))),
  );
  for (let i = 0; i < data.length; i += 2) {
    const bits = random.uint32();
    data[i] = addLevel(data[i], table[bits & 4095]);
    if (i + 1 < data.length) data[i + 1] = addLevel(data[i + 1], table[bits >>> 20]);
  }
}

function addLevel(value: number, noise: number): number {
  const sum = ((value << NOISE_BITS) + (1 << (NOISE_BITS - 1)) + noise) >> NOISE_BITS;
  return sum < 0 ? 0 : sum > 255 ? 255 : sum;
}

/** Returns 4096 equally likely values of a Poisson distribution, to be indexed with 12 random bits. */
export function poissonTable(mean: number): Float32Array {
  const table = new Float32Array(SIZE);
  if (mean <= 0) return table;
  let count = 0;
  let probability = Math.exp(-mean);
  let cumulative = probability;
  for (let i = 0; i < SIZE; i++) {
    const target = (i + 0.5) / SIZE;
    // The second condition ends the loop if rounding keeps the sum below the last quantile.
    while (cumulative < target && (count < mean || probability > 1e-12)) {
      count++;
      probability *= mean / count;
      cumulative += probability;
    }
    table[i] = count;
  }
  return table;
}

function buildQuantiles(): Float32Array {
  const table = new Float32Array(SIZE);
  let squares = 0;
  for (let i = 0; i < SIZE; i++) {
    table[i] = normalQuantile((i + 0.5) / SIZE);
    squares += table[i] * table[i];
  }
  const scale = 1 / Math.sqrt(squares / SIZE);
  for (let i = 0; i < SIZE; i++) table[i] *= scale;
  return table;
}

/** Computes a quantile of the standard normal distribution (Acklam, 2003; relative error below 1.2e-9). */
function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    return (
      (((((-7.784894002430293e-3 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734) *
        q +
        4.374664141464968) *
        q +
        2.938163982698783) /
      ((((7.784695709041462e-3 * q + 0.3224671290700398) * q + 2.445134137142996) * q + 3.754408661907416) *
        q +
        1)
    );
  }
  const q = p - 0.5;
  const r = q * q;
  return (
    ((((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.357751867269) * r -
      30.66479806614716) *
      r +
      2.506628277459239) *
      q) /
    (((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972) * r -
      13.28068155288572) *
      r +
      1)
  );
}
