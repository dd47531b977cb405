/** The bias corrections of AdamW's two running means at one step. */
export interface AdamWCorrection {
  /** lr / (1 − beta1^step). */
  stepSize: number;
  /** 1 / √(1 − beta2^step). */
  inverseRootCorrection2: number;
}

type Rates = { lr: number; beta1: number; beta2: number };

/** Returns the corrections for a step, counted from 1. */
export function adamWCorrection(step: number, { lr, beta1, beta2 }: Rates): AdamWCorrection {
  return { stepSize: lr / (1 - beta1 ** step), inverseRootCorrection2: 1 / Math.sqrt(1 - beta2 ** step) };
}

/** Returns the corrections for each row's own step. Each distinct step is computed once: rows share few steps, and powers are slow. */
export function adamWCorrections(
  steps: Int32Array,
  rates: Rates,
): { [name in keyof AdamWCorrection]: Float32Array } {
  const stepSize = new Float32Array(steps.length);
  const inverseRootCorrection2 = new Float32Array(steps.length);
  const computed = new Map<number, AdamWCorrection>();
  for (const [i, step] of steps.entries()) {
    let correction = computed.get(step);
    if (!correction) {
      correction = adamWCorrection(step, rates);
      computed.set(step, correction);
    }
    stepSize[i] = correction.stepSize;
    inverseRootCorrection2[i] = correction.inverseRootCorrection2;
  }
  return { stepSize, inverseRootCorrection2 };
}
