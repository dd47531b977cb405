/** What the bias corrections of AdamW's two running means make of a step. */
export interface AdamWCorrection {
  /** lr / (1 − beta1^step). */
  stepSize: number;
  /** 1 / √(1 − beta2^step). */
  inverseRootCorrection2: number;
}

type Rates = { lr: number; beta1: number; beta2: number };

/** Of one step, counted from 1. */
export function adamWCorrection(step: number, { lr, beta1, beta2 }: Rates): AdamWCorrection {
  return { stepSize: lr / (1 - beta1 ** step), inverseRootCorrection2: 1 / Math.sqrt(1 - beta2 ** step) };
}

/** Of each row's own step, computed once for each that differs: of many rows few do, and a power takes long. */
export function adamWCorrections(
  steps: Int32Array,
  rates: Rates,
): { [name in keyof AdamWCorrection]: Float32Array } {
  const stepSize = new Float32Array(steps.length);
  const inverseRootCorrection2 = new Float32Array(steps.length);
  const known = new Map<number, AdamWCorrection>();
  for (const [i, step] of steps.entries()) {
    let correction = known.get(step);
    if (!correction) {
      correction = adamWCorrection(step, rates);
      known.set(step, correction);
    }
    stepSize[i] = correction.stepSize;
    inverseRootCorrection2[i] = correction.inverseRootCorrection2;
  }
  return { stepSize, inverseRootCorrection2 };
}
