import { UnsupportedNetworkError } from '../../errors.js';
import type { TracedCall } from '../../trace/trace.js';
import type { NetworkBuilder } from '../network-builder.js';
import type { Value, Window } from '../step.js';
import type { Operations } from './operation.js';

/** Returns the window of a convolution, with the padding that a PadV2 before it added. */
function windowOf(
  { inputs: { x, filter }, attrs, output }: TracedCall,
  builder: NetworkBuilder,
): Window & { x: Value } {
  const { stride, padding } = attrs as { stride: number; padding: number };
  const binding = builder.bindingOf(x);
  if (binding.channelsFirst) {
    throw new UnsupportedNetworkError('A convolution of images whose channels are first cannot be compiled.');
  }
  const [, oh, ow] = output.shape;
  const [kh, kw] = filter.shape;
  const { top, left, height, width } = binding.padding ?? {
    top: 0,
    left: 0,
    height: x.shape[1],
    width: x.shape[2],
  };
  return {
    x: binding.value,
    image: [height, width, x.shape[3]],
    kernel: [kh, kw],
    stride,
    pads: [padding + top, padding + left],
    out: [oh, ow],
  };
}

/** Dense and depthwise convolutions, and matrix products with parameters. */
export const convolutions: Operations = {
  UnitsphereConv2d: (call, builder) => {
    const weights = builder.constant(call, 'filter');
    const window = windowOf(call, builder);
    const channels = call.output.shape[3];
    builder.add(call, (y) => ({ kind: 'convolution', ...window, y, channels, weights, activation: 'none' }));
  },
  UnitsphereDepthwiseConv2d: (call, builder) => {
    const weights = builder.constant(call, 'filter');
    const window = windowOf(call, builder);
    if (call.inputs['filter'].shape[3] !== 1) {
      throw new UnsupportedNetworkError('A depthwise convolution with a multiplier cannot be compiled.');
    }
    builder.add(call, (y) => ({ kind: 'depthwise', ...window, y, weights, activation: 'none' }));
  },
  UnitsphereMatMul: (call, builder) => {
    const { a, b } = call.inputs;
    const { transposeA, transposeB } = call.attrs as { transposeA: boolean; transposeB: boolean };
    if (transposeA)
      throw new UnsupportedNetworkError('A product whose first factor is transposed cannot be compiled.');
    const [channels, depth] = transposeB ? b.shape : [b.shape[1], b.shape[0]];
    const stored = builder.constant(call, 'b');
    const { value: x, channelsFirst, padding } = builder.bindingOf(a);
    if (padding) throw new UnsupportedNetworkError('A product of a padded image cannot be compiled.');
    const place = channelsFirst ? rowsOfChannelsFirst(channelsFirst) : (i: number) => i;
    const weights = new Float32Array(depth * channels);
    for (let i = 0; i < depth; i++) {
      const to = place(i) * channels;
      for (let j = 0; j < channels; j++)
        weights[to + j] = stored[transposeB ? j * depth + i : i * channels + j];
    }
    builder.add(call, (y) => ({
      kind: 'convolution',
      x,
      y,
      image: [x.size / depth, 1, depth],
      kernel: [1, 1],
      stride: 1,
      pads: [0, 0],
      out: [x.size / depth, 1],
      channels,
      weights,
      activation: 'none',
    }));
  },
};

/** Returns where a float of an image by channels, [channels, height, width], lies in the image [height, width, channels]. */
function rowsOfChannelsFirst([height, width, channels]: readonly [number, number, number]): (
  i: number,
) => number {
  const pixels = height * width;
  return (i) => (i % pixels) * channels + Math.floor(i / pixels);
}
