import type * as tf from '@tensorflow/tfjs-core';
import type { Kernel } from '../define-op.js';
import type { AdamWFactors, AdamWInputs } from '../optimizer-attrs.js';
import { type Attributes, FLOATS, type TensorFlowRuntime, tensorFlowRuntime } from './runtime.js';

const ADAM: Attributes = { T: { dtype: 'float32' }, use_locking: false, use_nesterov: false };

/**
 * Runs TensorFlow's Adam on three variables, which all parameters share: it changes values that only the variable holds in place,
 * and copies others first. It computes 1 − beta2 in float32, so its mean of squares is smaller by a constant factor (1.3e-5 for a
 * beta2 of 0.999), which the step takes into account.
 */
export const adamWTensorFlow: Kernel<AdamWInputs, AdamWFactors> = ({ inputs, attrs: f, backend }) => {
  const runtime = tensorFlowRuntime(backend);
  const times = (tensor: tf.Tensor, factor: number) =>
    factor === 1 ? runtime.of(tensor) : runtime.floats('Mul', runtime.of(tensor), factor);
  return runtime.compute(() => {
    const variables = ['parameter', 'mean', 'mean of squares'].map((name) => runtime.variable(name));
    const [parameter, mean, meanSquare] = variables;
    const decayed = times(inputs.parameter, f.kept);
    runtime.assign(parameter, decayed);
    if (f.kept !== 1) runtime.drop(decayed);
    runtime.assign(mean, runtime.of(inputs.expAvg));
    runtime.assign(meanSquare, runtime.of(inputs.expAvgSq));
    const correction2 = f.inverseRootCorrection2 * Math.sqrt((1 - f.beta2) / floatComplement(f.beta2));
    // TensorFlow corrects the bias of both means by one factor, so epsilon is divided by it. Powers of 0 turn its own correction off.
    const numbers = [
      ...[0, 0].map((power) => runtime.constant(power)),
      runtime.scalar(f.stepSize / correction2),
      runtime.constant(f.beta1),
      runtime.constant(f.beta2),
      runtime.scalar(f.eps / correction2),
    ];
    const gradient = times(inputs.gradient, f.gradientScale);
    runtime.runAll('ResourceApplyAdam', ADAM, [...variables, ...numbers, gradient], 0);
    return variables.map((variable) => runtime.valuesOf(variable));
  });
};

/** Returns 1 − x as float32 arithmetic computes it. */
const floatComplement = (x: number) => Math.fround(1 - Math.fround(x));

/** Half the sum of squares is one operation of TensorFlow. */
const halfSumSquares = (runtime: TensorFlowRuntime, x: tf.Tensor) =>
  runtime.enqueue('L2Loss', FLOATS, [runtime.of(x)], []);

export const sumSquaresTensorFlow: Kernel<{ x: tf.Tensor }, object> = ({ inputs: { x }, backend }) => {
  const runtime = tensorFlowRuntime(backend);
  return runtime.compute(() => [runtime.floats('Mul', halfSumSquares(runtime, x), runtime.constant(2))]);
};

export const sumSquaresOfEachTensorFlow: Kernel<{ [index: string]: tf.Tensor }, object> = ({
  inputs,
  backend,
}) => {
  const runtime = tensorFlowRuntime(backend);
  return runtime.compute(() => {
    const halves = Object.values(inputs).map((x) => halfSumSquares(runtime, x));
    return [runtime.floats('Mul', runtime.stack(halves), runtime.constant(2))];
  });
};
