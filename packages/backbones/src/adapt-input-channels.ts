import { float32, type StateDict, toFloat32 } from '@unitsphere/core';

/** Adapts the OIHW kernel under `key` to `inChannels` input channels, by the rule of timm's adapt_input_conv. */
export function adaptInputChannels(state: StateDict, key: string, inChannels: number): StateDict {
  const kernel = state.get(key);
  if (!kernel) throw new Error(`adaptInput: the state dict lacks "${key}"; it belongs to another backbone.`);
  if (kernel.shape.length !== 4)
    throw new Error(`adaptInput: "${key}" must have 4 dimensions, but its shape is [${kernel.shape}].`);
  const [outChannels, before, height, width] = kernel.shape as [number, number, number, number];
  if (before === inChannels) return state;
  const taps = height * width;
  const values = toFloat32(kernel);
  const adapted = new Float32Array(outChannels * inChannels * taps);
  const from = (o: number, i: number) => (o * before + i) * taps;
  for (let o = 0; o < outChannels; o++) {
    for (let tap = 0; tap < taps; tap++) {
      if (inChannels === 1) {
        for (let i = 0; i < before; i++) adapted[o * taps + tap] += values[from(o, i) + tap];
      } else {
        for (let i = 0; i < inChannels; i++)
          adapted[(o * inChannels + i) * taps + tap] =
            values[from(o, i % before) + tap] * (before / inChannels);
      }
    }
  }
  return new Map(state).set(key, float32([outChannels, inChannels, height, width], adapted));
}
