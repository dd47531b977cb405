/**
 * Corrects a bias for rounded weights, so that the mean of each output does not change.
 * @param errors Rounded weights minus the original ones, [outChannels, inChannels / groups, …kernel].
 * @param inputs Number of input channels of each output channel, inChannels / groups.
 * @param means Mean of each input channel.
 * @see Nagel et al. 2019, section 4.2: https://arxiv.org/abs/1906.04721
 */
export function correctBias(
  bias: Float32Array,
  errors: Float32Array,
  inputs: number,
  means: Float64Array,
): Float32Array {
  const size = errors.length / bias.length;
  const positions = size / inputs;
  const groupSize = bias.length / (means.length / inputs);
  return bias.map((value, c) => {
    const firstInput = Math.floor(c / groupSize) * inputs;
    let shift = 0;
    for (let i = 0; i < size; i++)
      shift += errors[c * size + i] * means[firstInput + Math.floor(i / positions)];
    return value - shift;
  });
}
