import { UnsupportedNetworkError } from '../../errors.js';
import { product } from '../product.js';
import type { Operations } from './operation.js';

/** Pooling, gates, and attention. */
export const poolings: Operations = {
  UnitsphereGlobalAveragePool: (call, builder) => {
    const { x } = call.inputs;
    const channels = x.shape[x.shape.length - 1];
    const pixels = product(x.shape.slice(1, -1));
    const value = builder.valueOf(x);
    builder.add(call, (y) => ({ kind: 'average-pool', x: value, y, pixels, channels }));
  },
  UnitsphereMaxPool2d: (call, builder) => {
    const { x } = call.inputs;
    const { kernelSize, stride, padding } = call.attrs as {
      kernelSize: number;
      stride: number;
      padding: number;
    };
    const [, height, width, channels] = x.shape;
    const [, oh, ow] = call.output.shape;
    const value = builder.valueOf(x);
    builder.add(call, (y) => ({
      kind: 'max-pool',
      x: value,
      y,
      image: [height, width, channels],
      kernel: [kernelSize, kernelSize],
      stride,
      pads: [padding, padding],
      out: [oh, ow],
    }));
  },
  UnitsphereScaleChannels: (call, builder) => {
    const [x, gate] = [builder.valueOf(call.inputs['x']), builder.valueOf(call.inputs['gate'])];
    const channels = gate.size;
    if (x.size % channels !== 0)
      throw new UnsupportedNetworkError('A gate of another shape cannot be compiled.');
    builder.add(call, (y) => ({ kind: 'scale-channels', x, gate, y, pixels: x.size / channels, channels }));
  },
  UnitsphereSelfAttention: (call, builder) => {
    const x = builder.valueOf(call.inputs['qkv']);
    const { heads } = call.attrs as { heads: number };
    const [, tokens, channels] = call.output.shape;
    builder.add(call, (y) => ({ kind: 'attention', x, y, tokens, heads, width: channels / heads }));
  },
};
