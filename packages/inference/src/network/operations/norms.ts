import type { Activation } from '@unitsphere/ops';
import type { TracedCall } from '../../trace/trace.js';
import type { NetworkBuilder } from '../network-builder.js';
import type { Step } from '../step.js';
import { activate } from './arithmetic.js';
import type { Operations } from './operation.js';

/** y = scale · x + shift for each channel, computed in float64. */
interface ChannelAffine {
  scale?: Float64Array;
  shift: Float64Array;
}

/** Applies an affine map in the step before, or else in a step of its own. The output's trace continues at the call's output. */
function applyAffine(call: TracedCall, builder: NetworkBuilder, { scale, shift }: ChannelAffine): void {
  const { x } = call.inputs;
  const host = builder.ownProducer(x);
  if (host && fold(host, { scale, shift })) {
    builder.merge(call, x);
    return;
  }
  const channels = shift.length;
  const value = builder.valueOf(x);
  builder.add(call, (y) => ({
    kind: 'affine',
    x: value,
    y,
    channels,
    scale: scale ? Float32Array.from(scale) : new Float32Array(channels).fill(1),
    shift: Float32Array.from(shift),
    activation: 'none',
  }));
}

/** Folds an affine map into a step, if nothing follows the step's own sums. */
function fold(host: Step, { scale, shift }: ChannelAffine): boolean {
  const channels = shift.length;
  const onto = (values: Float32Array | undefined) =>
    Float32Array.from(shift, (value, c) => (values?.[c] ?? 0) * (scale?.[c] ?? 1) + value);
  const scaleColumns = (values: Float32Array) => (scale ? multiplyColumns(values, scale) : values);
  if (
    host.kind === 'convolution' &&
    host.channels === channels &&
    !host.added &&
    host.activation === 'none'
  ) {
    host.weights = scaleColumns(host.weights);
    host.bias = onto(host.bias);
    return true;
  }
  if (host.kind === 'depthwise' && host.image[2] === channels && host.activation === 'none') {
    host.weights = scaleColumns(host.weights);
    host.bias = onto(host.bias);
    return true;
  }
  if (host.kind === 'layer-norm' && host.channels === channels) {
    host.gamma = scaleColumns(host.gamma);
    host.beta = onto(host.beta);
    return true;
  }
  return false;
}

function multiplyColumns(values: Float32Array, scale: Float64Array): Float32Array {
  const scaled = new Float32Array(values.length);
  for (let row = 0; row < values.length; row += scale.length) {
    for (let c = 0; c < scale.length; c++) scaled[row + c] = values[row + c] * scale[c];
  }
  return scaled;
}

function batchNormOf(call: TracedCall, builder: NetworkBuilder): ChannelAffine {
  const [gamma, beta, mean, variance] = ['gamma', 'beta', 'mean', 'variance'].map((name) =>
    builder.constant(call, name),
  );
  const { epsilon } = call.attrs as { epsilon: number };
  const scale = Float64Array.from(gamma, (value, c) => value / Math.sqrt(variance[c] + epsilon));
  return { scale, shift: Float64Array.from(beta, (value, c) => value - mean[c] * scale[c]) };
}

/** Applies an activation to the output that a call has just got. */
function activateOutput(call: TracedCall, builder: NetworkBuilder, ...activation: ActivationArguments): void {
  builder.continueFrom(call.output, (x) => activate({ ...call, inputs: { x } }, builder, ...activation));
}

type ActivationArguments =
  Parameters<typeof activate> extends [unknown, unknown, ...infer Rest] ? Rest : never;

/** Norms, and biases. */
export const norms: Operations = {
  UnitsphereBatchNormInference: (call, builder) => {
    applyAffine(call, builder, batchNormOf(call, builder));
    const { activation } = call.attrs as { activation: Activation };
    if (activation !== 'none') activateOutput(call, builder, activation);
  },
  UnitsphereBatchNormPreluInference: (call, builder) => {
    applyAffine(call, builder, batchNormOf(call, builder));
    activateOutput(call, builder, 'prelu', builder.constant(call, 'slope'));
  },
  UnitsphereAddBias: (call, builder) =>
    applyAffine(call, builder, { shift: Float64Array.from(builder.constant(call, 'bias')) }),
  UnitsphereLayerNorm: (call, builder) => {
    const x = builder.valueOf(call.inputs['x']);
    const [gamma, beta] = ['gamma', 'beta'].map((name) => builder.constant(call, name));
    const { epsilon } = call.attrs as { epsilon: number };
    builder.add(call, (y) => ({ kind: 'layer-norm', x, y, channels: gamma.length, gamma, beta, epsilon }));
  },
  UnitsphereL2Normalize: (call, builder) => {
    const x = builder.valueOf(call.inputs['x']);
    const { epsilon } = call.attrs as { epsilon: number };
    builder.add(call, (y) => ({ kind: 'normalize', x, y, epsilon }));
  },
};
