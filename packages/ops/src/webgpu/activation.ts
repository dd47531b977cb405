import type * as tf from '@tensorflow/tfjs-core';
import type { Activation } from '../activation-names.js';
import type { Kernel } from '../define-op.js';
import { computeElementwise } from './elementwise.js';

const sigmoid = (z: string) => `1.0 / (1.0 + exp(-${z}))`;

/** Returns WGSL of activation(z); T is `f32` or `vec4f`. */
export function activationOf(activation: Activation, z: string, T: string): string {
  const gate = `clamp(${z} + 3.0, ${T}(), ${T}(6.0)) / 6.0`;
  return {
    none: z,
    relu: `max(${z}, ${T}())`,
    hard_swish: `${z} * (${gate})`,
    hard_sigmoid: gate,
    relu6: `clamp(${z}, ${T}(), ${T}(6.0))`,
    silu: `${z} * (${sigmoid(z)})`,
    sigmoid: sigmoid(z),
  }[activation];
}

/** Returns WGSL of dy · activation'(z). At a jump of the slope, the slope of the outer side applies. */
export function activationGradOf(activation: Activation, z: string, dy: string, T: string): string {
  const zero = `${T}()`;
  const s = `(${sigmoid(z)})`;
  return {
    none: dy,
    relu: `select(${zero}, ${dy}, ${z} > ${zero})`,
    hard_swish: `select(select(${dy} * (${z} / 3.0 + 0.5), ${dy}, ${z} >= ${T}(3.0)), ${zero}, ${z} <= ${T}(-3.0))`,
    hard_sigmoid: `select(${dy} / 6.0, ${zero}, abs(${z}) >= ${T}(3.0))`,
    relu6: `select(${zero}, ${dy}, (${z} > ${zero}) & (${z} < ${T}(6.0)))`,
    silu: `${dy} * ${s} * (1.0 + ${z} * (1.0 - ${s}))`,
    sigmoid: `${dy} * ${s} * (1.0 - ${s})`,
  }[activation];
}

export const activationWebGpu: Kernel<{ x: tf.Tensor }, { activation: Activation }> = ({
  inputs,
  attrs: { activation },
  backend,
}) =>
  computeElementwise(backend, {
    key: `activation ${activation}`,
    like: inputs.x,
    inputs: { x: inputs.x },
    result: (T) => activationOf(activation, 'x[i]', T),
  });

export const activationGradWebGpu: Kernel<{ x: tf.Tensor; dy: tf.Tensor }, { activation: Activation }> = ({
  inputs,
  attrs: { activation },
  backend,
}) =>
  computeElementwise(backend, {
    key: `activationGrad ${activation}`,
    like: inputs.x,
    inputs: { ...inputs },
    result: (T) => activationGradOf(activation, 'x[i]', 'dy[i]', T),
  });
