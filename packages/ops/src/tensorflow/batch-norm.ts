import type * as tf from '@tensorflow/tfjs-core';
import type { Activation } from '../activation-names.js';
import type { Affine, Statistics } from '../batch-norm-composition.js';
import type { Kernel } from '../define-op.js';
import type { RunningInputs } from '../running-averages.js';
import { activate, activationGradient, hardSwishGradient } from './activation.js';
import type { Operations } from './operations-of.js';
import { type Attributes, type Handle, type TensorFlowRuntime, tensorFlowRuntime } from './runtime.js';

interface Attrs {
  epsilon: number;
  activation: Activation;
}

/** Running averages and the weight of the latest batch. */
interface Running {
  averages: Handle[];
  momentum: number;
}

const SIXTH = 1 / 6;
const ROOT = Math.sqrt(6);

/** TensorFlow's batch norm of images with channels last. `x` has their shape. */
class FusedBatchNorm {
  readonly #runtime: TensorFlowRuntime;
  readonly #shape: number[];
  readonly #x: Handle;
  readonly #epsilon: number;
  /** Values per channel. */
  readonly #rows: number;

  constructor(runtime: TensorFlowRuntime, x: Handle, epsilon: number) {
    this.#runtime = runtime;
    this.#epsilon = epsilon;
    this.#shape = x.shape;
    const channels = x.shape[x.shape.length - 1];
    this.#rows = x.shape.reduce((a, b) => a * b, 1) / channels;
    this.#x = this.toImages(x);
  }

  /**
   * Normalizes with x's own statistics.
   * @param running Running mean and variance, with the weight of the latest batch.
   * @returns z of images, the mean and the biased variance; on the CPU also the new running mean and variance.
   */
  train(gamma: Handle, beta: Handle, running?: Running): [Handle, Handle, Handle, ...Handle[]] {
    const empty = this.#runtime.empty();
    // A weight of 1 means that there are no averages, and TensorFlow then requires that they are empty.
    const averages = running && running.momentum !== 1 ? running.averages : [empty, empty];
    const isAveraged = running !== undefined && !this.#runtime.onGpu;
    const [z, average, unbiased, mean, biased] = this.#runtime.enqueueAll(
      'FusedBatchNormV2',
      attributesOf(this.#epsilon, true, isAveraged ? running.momentum : 1),
      [this.#x, gamma, beta, ...(isAveraged ? averages : [empty, empty])],
      this.#outputShapes(gamma),
    );
    if (isAveraged) return [z, mean, biased, average, unbiased];
    if (!this.#runtime.onGpu) return [z, average, biased];
    // On a GPU, the last output is one over the standard deviation.
    const factor = this.#runtime.scalar((this.#rows - 1) / this.#rows);
    return [z, average, this.#runtime.floats('Mul', unbiased, factor)];
  }

  /** Normalizes with given statistics: an affine map of each channel in one pass. */
  infer(gamma: Handle, beta: Handle, mean: Handle, variance: Handle): Handle {
    const inputs = [this.#x, gamma, beta, mean, variance];
    const attributes = attributesOf(this.#epsilon, false);
    return this.#runtime.enqueueAll('FusedBatchNormV2', attributes, inputs, this.#outputShapes(gamma))[0];
  }

  /** Returns [dx, dgamma, dbeta] of the training form. */
  trainGradient(dz: Handle, gamma: Handle, mean: Handle, variance: Handle): [Handle, Handle, Handle] {
    const runtime = this.#runtime;
    const spread = runtime.onGpu
      ? runtime.floats('Rsqrt', runtime.floats('AddV2', variance, runtime.constant(this.#epsilon)))
      : variance;
    const inputs = [this.toImages(dz), this.#x, gamma, mean, spread];
    const [dx, dgamma, dbeta] = runtime.enqueueAll(
      'FusedBatchNormGradV2',
      attributesOf(this.#epsilon, true),
      inputs,
      this.#outputShapes(gamma),
    );
    return [this.restore(dx), dgamma, dbeta];
  }

  /** Shapes of the five results: images and vectors. The last two of the gradient are empty and not used. */
  #outputShapes({ shape }: Handle): Handle['shape'][] {
    return [this.#x.shape, shape, shape, shape, shape];
  }

  /** x as images. */
  get images(): Handle {
    return this.#x;
  }

  /** Returns a result for images in x's shape. */
  restore(images: Handle): Handle {
    return this.#runtime.reshape(images, this.#shape);
  }

  /** Returns a tensor of x's shape as images. */
  toImages(tensor: Handle): Handle {
    if (tensor.shape.length === 4) return tensor;
    return this.#runtime.reshape(tensor, [this.#rows, 1, 1, tensor.shape[tensor.shape.length - 1]]);
  }
}

const attributes = new Map<string, Attributes>();

function attributesOf(epsilon: number, isTraining: boolean, momentum?: number): Attributes {
  const key = `${epsilon} ${isTraining} ${momentum}`;
  const known = attributes.get(key);
  if (known) return known;
  const created: Attributes = {
    T: { dtype: 'float32' },
    U: { dtype: 'float32' },
    epsilon,
    ...(momentum !== undefined && { exponential_avg_factor: momentum }),
    data_format: 'NHWC',
    is_training: isTraining,
  };
  attributes.set(key, created);
  return created;
}

/**
 * Applies an activation to the first output of `normalize`, which it calls with a scale and shift. For hard-swish they are divided
 * by √6: w = z / √6 costs no pass, and hard-swish is w · clip(w + 3 / √6, 0, √6). The shift of 3 is not in w, because small values
 * would lose their digits to it.
 * @returns The activated values, and the outputs of `normalize`.
 */
function normalizeAndActivate<T extends readonly [Handle, ...Handle[]]>(
  runtime: TensorFlowRuntime,
  { gamma, beta }: { gamma: tf.Tensor; beta: tf.Tensor },
  activation: Activation,
  normalize: (gamma: Handle, beta: Handle) => T,
): [Handle, T] {
  const affine = [runtime.of(gamma), runtime.of(beta)] as const;
  if (activation !== 'hard_swish' || runtime.canCompile) {
    const out = normalize(...affine);
    if (activation === 'none') return [out[0], out];
    const [y] = runtime.runCompiled(activation, [out[0]], [out[0].shape], (operations, z) => [
      activate(operations, z, activation),
    ]);
    return [y, out];
  }
  const scale = runtime.constant(1 / ROOT);
  const out = normalize(runtime.floats('Mul', affine[0], scale), runtime.floats('Mul', affine[1], scale));
  const [w] = out;
  const shifted = runtime.floats('AddV2', w, runtime.constant(3 / ROOT));
  const gate = runtime.floats('ClipByValue', shifted, runtime.constant(0), runtime.constant(ROOT));
  return [runtime.floats('Mul', w, gate), out];
}

/** Computes dy · activation'(z), where z is the normalized x with scale and shift. */
function gradientOfNormalized<V>(
  operations: Operations<V>,
  [x, dy, gamma, beta, mean, variance]: V[],
  { epsilon, activation }: Attrs,
): V {
  const inverseDeviation = operations.floats(
    'Rsqrt',
    operations.floats('AddV2', variance, operations.constant(epsilon)),
  );
  const scale = operations.floats('Mul', gamma, inverseDeviation);
  const centered = operations.floats('Sub', x, mean);
  const z = operations.floats('AddV2', operations.floats('Mul', centered, scale), beta);
  return activationGradient(operations, z, dy, activation);
}

export const batchNormTrainTensorFlow: Kernel<
  { x: tf.Tensor } & Affine & RunningInputs,
  Attrs & { momentum?: number }
> = ({ inputs, attrs: { epsilon, activation, momentum }, backend }) => {
  const runtime = tensorFlowRuntime(backend);
  return runtime.compute(() => {
    const norm = new FusedBatchNorm(runtime, runtime.of(inputs.x), epsilon);
    const { runningMean, runningVariance } = inputs;
    const running = runningMean &&
      runningVariance &&
      momentum !== undefined && {
        averages: [runtime.of(runningMean), runtime.of(runningVariance)],
        momentum,
      };
    const [y, [, ...statistics]] = normalizeAndActivate(runtime, inputs, activation, (gamma, beta) =>
      norm.train(gamma, beta, running || undefined),
    );
    return [norm.restore(y), ...statistics];
  });
};

export const batchNormInferenceTensorFlow: Kernel<{ x: tf.Tensor } & Affine & Statistics, Attrs> = ({
  inputs,
  attrs: { epsilon, activation },
  backend,
}) => {
  const runtime = tensorFlowRuntime(backend);
  return runtime.compute(() => {
    const norm = new FusedBatchNorm(runtime, runtime.of(inputs.x), epsilon);
    const [mean, variance] = [runtime.of(inputs.mean), runtime.of(inputs.variance)];
    const [y] = normalizeAndActivate(runtime, inputs, activation, (gamma, beta) => [
      norm.infer(gamma, beta, mean, variance),
    ]);
    return [norm.restore(y)];
  });
};

export const batchNormGradTensorFlow: Kernel<
  { x: tf.Tensor; dy: tf.Tensor } & Affine & Statistics,
  Attrs
> = ({ inputs, attrs: { epsilon, activation }, backend }) => {
  const runtime = tensorFlowRuntime(backend);
  return runtime.compute(() => {
    const norm = new FusedBatchNorm(runtime, runtime.of(inputs.x), epsilon);
    const [gamma, beta, mean, variance] = [inputs.gamma, inputs.beta, inputs.mean, inputs.variance].map(
      (vector) => runtime.of(vector),
    );
    const dy = norm.toImages(runtime.of(inputs.dy));
    if (activation === 'none') return norm.trainGradient(dy, gamma, mean, variance);
    if (runtime.canCompile) {
      const [dz] = runtime.runCompiled(
        `norm_${epsilon}_${activation}_gradient`,
        [norm.images, dy, gamma, beta, mean, variance],
        [norm.images.shape],
        (operations, ...values) => [gradientOfNormalized(operations, values, { epsilon, activation })],
      );
      return norm.trainGradient(dz, gamma, mean, variance);
    }
    if (activation === 'hard_swish') {
      const shifted = runtime.floats('AddV2', beta, runtime.constant(3));
      const w = norm.infer(gamma, shifted, mean, variance);
      const z = runtime.floats('Sub', w, runtime.constant(3));
      // The gradient of the norm is linear in dz, so the sixth of hard-swish is applied to vectors.
      const dz = hardSwishGradient<Handle>(runtime, z, w, dy);
      const sixth = runtime.constant(SIXTH);
      const scaled = runtime.floats('Mul', gamma, sixth);
      const [dx, dgamma, dbeta] = norm.trainGradient(dz, scaled, mean, variance);
      return [dx, runtime.floats('Mul', dgamma, sixth), runtime.floats('Mul', dbeta, sixth)];
    }
    const z = norm.infer(gamma, beta, mean, variance);
    return norm.trainGradient(activationGradient<Handle>(runtime, z, dy, activation), gamma, mean, variance);
  });
};
