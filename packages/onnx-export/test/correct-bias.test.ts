import { Random } from '@unitsphere/core';
import { describe, expect, test } from 'vitest';
import { ChannelMeans } from '../src/precision/channel-means.js';
import { correctBias } from '../src/precision/correct-bias.js';

const random = new Random(5);
const draw = (length: number, low = -1) => Float32Array.from({ length }, () => random.uniform(low, 1));

/** Returns the mean output of each channel of a 1x1 convolution over rows [row][channel][position]. */
function meanOutputs(x: Float32Array, channels: number, positions: number, w: Float32Array, groups: number) {
  const outputs = groups * 2;
  const inputs = channels / groups;
  const rows = x.length / channels / positions;
  return Array.from({ length: outputs }, (_, o) => {
    let sum = 0;
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < inputs; i++) {
        const channel = Math.floor(o / 2) * inputs + i;
        for (let n = 0; n < positions; n++)
          sum += w[o * inputs + i] * x[(row * channels + channel) * positions + n];
      }
    }
    return sum / rows / positions;
  });
}

describe('correctBias keeps the mean of each output', () => {
  test.each([
    ['a linear layer on rows', 6, 1, 1],
    ['a dense convolution', 6, 4, 1],
    ['a grouped convolution', 6, 4, 2],
    ['a depthwise convolution', 6, 4, 6],
  ])('of %s', (_name, channels, positions, groups) => {
    const x = draw(3 * channels * positions, 0);
    const means = new ChannelMeans(['batch', channels, positions]);
    means.add(x);
    const inputs = channels / groups;
    const weights = draw(groups * 2 * inputs);
    const errors = draw(weights.length);
    const rounded = weights.map((value, i) => value + errors[i]);
    const bias = draw(groups * 2);
    const corrected = correctBias(bias, errors, inputs, means.find());
    const before = meanOutputs(x, channels, positions, weights, groups);
    const after = meanOutputs(x, channels, positions, rounded, groups);
    for (const [c, value] of after.entries())
      expect(value + corrected[c]).toBeCloseTo(before[c] + bias[c], 5);
  });

  test('of a kernel with several positions on a constant image', () => {
    const errors = Float32Array.from([1, 2, 3, 4, 10, 20, 30, 40]);
    const corrected = correctBias(Float32Array.of(0), errors, 2, Float64Array.of(0.5, 0.25));
    expect([...corrected]).toEqual([-(10 * 0.5 + 100 * 0.25)]);
  });
});
