import type { TracedCall, TracedConstant, TracedValue } from '@unitsphere/inference';
import { OnnxExportError } from '../errors.js';
import { type GraphDefBuilder, tfAttributes } from './graph-def.js';

const { float, ints, text } = tfAttributes;

function requireConstant(
  builder: GraphDefBuilder,
  { kernel }: TracedCall,
  value: TracedValue,
): TracedConstant {
  const constant = builder.constantOf(value);
  if (!constant)
    throw new OnnxExportError(`${kernel}: parameters that depend on the images cannot be exported.`);
  return constant;
}

function convolutionAttributes({ attrs }: TracedCall) {
  const { stride, padding } = attrs as { stride: number; padding: number };
  const around = [padding, padding];
  return {
    ...float,
    strides: ints([1, stride, stride, 1]),
    dilations: ints([1, 1, 1, 1]),
    data_format: text('NHWC'),
    ...(padding === 0
      ? { padding: text('VALID') }
      : { padding: text('EXPLICIT'), explicit_paddings: ints([0, 0, ...around, ...around, 0, 0]) }),
  };
}

/** Adds a weight whose values a batch norm may scale. @param channelOf Output channel of each value. */
function addKernel(
  call: TracedCall,
  builder: GraphDefBuilder,
  { name = 'constant', shape, data }: TracedConstant,
  channelOf: (index: number) => number,
): string {
  const added = builder.floats(name, shape, data);
  const weight = builder.weights[builder.weights.length - 1];
  builder.kernelScalers.set(call.output.id, (scale) => {
    weight.data = data.map((value, i) => value * scale[channelOf(i)]);
  });
  return added;
}

/** Adds a dense convolution, kernel HWIO. */
export function addConv(call: TracedCall, builder: GraphDefBuilder): string {
  const kernel = requireConstant(builder, call, call.inputs['filter']);
  const channels = kernel.shape[3];
  const filter = addKernel(call, builder, kernel, (i) => i % channels);
  return builder.add('Conv2D', [builder.nameOf(call.inputs['x']), filter], convolutionAttributes(call));
}

/** Adds a depthwise convolution, kernel [height, width, channels, 1]. */
export function addDepthwiseConv(call: TracedCall, builder: GraphDefBuilder): string {
  const kernel = requireConstant(builder, call, call.inputs['filter']);
  const channels = kernel.shape[2];
  const filter = addKernel(call, builder, kernel, (i) => i % channels);
  const inputs = [builder.nameOf(call.inputs['x']), filter];
  return builder.add('DepthwiseConv2dNative', inputs, convolutionAttributes(call));
}

/** Adds a grouped convolution as one convolution a group: TensorFlow.js has none. */
export function addGroupedConv(call: TracedCall, builder: GraphDefBuilder): string {
  const { x, filter } = call.inputs;
  const { name = 'constant', shape, data } = requireConstant(builder, call, filter);
  const [height, width, inChannels, outChannels] = shape;
  const groups = x.shape[3] / inChannels;
  const size = outChannels / groups;
  const whole = [-1, -1, -1, inChannels];
  const parts = Array.from({ length: groups }, (_, g) => {
    const begin = builder.integers([0, 0, 0, g * inChannels]);
    const images = builder.add('Slice', [builder.nameOf(x), begin, builder.integers(whole)]);
    const values = data.filter((_, i) => Math.floor((i % outChannels) / size) === g);
    const kernel = builder.floats(`${name}.${g}`, [height, width, inChannels, size], values);
    return builder.add('Conv2D', [images, kernel], convolutionAttributes(call));
  });
  return builder.concat(parts, 3);
}

/** Adds a batch norm: into the kernel of the convolution before if nothing else reads it, and a shift. */
export function addBatchNorm(call: TracedCall, builder: GraphDefBuilder): string {
  const { x } = call.inputs;
  const [gamma, beta, mean, variance] = ['gamma', 'beta', 'mean', 'variance'].map((name) =>
    requireConstant(builder, call, call.inputs[name]),
  );
  const { epsilon } = call.attrs as { epsilon: number };
  const scale = Float64Array.from(gamma.data, (value, c) => value / Math.sqrt(variance.data[c] + epsilon));
  const shift = Float32Array.from(beta.data, (value, c) => value - mean.data[c] * scale[c]);
  const layer = gamma.name?.replace(/\.[^.]+$/, '') ?? 'batch_norm';
  const scaleKernel = builder.isReadOnce(x) ? builder.kernelScalers.get(x.id) : undefined;
  scaleKernel?.(scale);
  const scaled = scaleKernel
    ? builder.nameOf(x)
    : builder.add('Mul', [
        builder.nameOf(x),
        builder.floats(`${layer}.scale`, [scale.length], Float32Array.from(scale)),
      ]);
  return builder.add('AddV2', [scaled, builder.floats(`${layer}.shift`, [shift.length], shift)]);
}
