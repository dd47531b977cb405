/**
 * Returns the mean of state dicts of one architecture. Counters, which are integers, are those of the first.
 * @param {import('@unitsphere/core').StateDict[]} states
 * @throws Error if a state dict lacks a tensor of the first, or has it in another shape.
 */
export function averageStates(states) {
  return new Map(
    [...states[0]].map(([key, tensor]) => {
      if (tensor.dtype !== 'F32') return [key, tensor];
      const data = new Float32Array(tensor.data.length);
      for (const state of states) {
        const other = state.get(key);
        if (other?.data.length !== data.length) throw new Error(`The state dicts differ in "${key}".`);
        for (let i = 0; i < data.length; i++) data[i] += other.data[i] / states.length;
      }
      return [key, { ...tensor, data }];
    }),
  );
}
