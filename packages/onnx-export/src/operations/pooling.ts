import { NCHW } from '../graph/graph-builder.js';
import type { Operations } from './operation.js';

/** Pooling of images, and gates of their channels. */
export const poolings: Operations = {
  UnitsphereGlobalAveragePool: ({ inputs: { x }, output }, builder) => {
    const [batch, channels] = output.shape;
    const pooled = builder.emit('GlobalAveragePool', [builder.nameOf(x, NCHW)], [batch, channels, 1, 1]);
    builder.bind(output, builder.reshape(pooled, output.shape));
  },
  UnitsphereMaxPool2d: ({ inputs: { x }, attrs, output }, builder) => {
    const { kernelSize, stride, padding } = attrs as { kernelSize: number; stride: number; padding: number };
    const shape = NCHW.map((axis) => output.shape[axis]);
    const pooled = builder.emit('MaxPool', [builder.nameOf(x, NCHW)], shape, {
      kernel_shape: { ints: [kernelSize, kernelSize] },
      pads: { ints: [padding, padding, padding, padding] },
      strides: { ints: [stride, stride] },
    });
    builder.bind(output, pooled, NCHW);
  },
  UnitsphereScaleChannels: ({ inputs: { x, gate }, output }, builder) => {
    const [batch, channels] = gate.shape;
    const spread = builder.reshape(builder.nameOf(gate, [0, 1]), [batch, channels, 1, 1]);
    const shape = NCHW.map((axis) => output.shape[axis]);
    builder.bind(output, builder.emit('Mul', [builder.nameOf(x, NCHW), spread], shape), NCHW);
  },
};
