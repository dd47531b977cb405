import type * as tf from '@tensorflow/tfjs-core';
import { initializers, Module } from '@unitsphere/core';
import {
  type Activation,
  type BatchNormTrainOptions,
  batchNormInference,
  batchNormPreluInference,
  batchNormPreluTrain,
  batchNormTrain,
  prelu,
  type StatisticsGroup,
} from '@unitsphere/ops';
import type { NormOptions } from './layer-norm.js';

/** Options of a batch norm. */
export interface BatchNormOptions extends NormOptions {
  /** Weight of the newest batch in the running averages. Default 0.1, as in PyTorch. */
  momentum?: number;
  /** Activation after the norm, fused into the same pass. Default 'none'. */
  activation?: Activation;
  /** Initial value of `weight`. Default 1; 0 makes a residual branch output 0 at first. */
  initialScale?: number;
}

/**
 * Batch norm over the last axis, with running averages. State dict: `weight`, `bias`, `running_mean`, `running_var`,
 * `num_batches_tracked`. The running variance is the unbiased one, as in PyTorch.
 */
class BatchNorm<T extends tf.Tensor> extends Module<T, T> {
  readonly weight;
  readonly bias;
  readonly runningMean;
  readonly runningVar;
  readonly batchesTracked;
  readonly #epsilon: number;
  readonly #momentum: number;
  readonly #activation: Activation;
  #group: StatisticsGroup | undefined;

  /** @param features Number of channels: the size of the last axis. */
  constructor(
    features: number,
    { epsilon = 1e-5, momentum = 0.1, activation = 'none', initialScale = 1 }: BatchNormOptions = {},
  ) {
    super();
    this.#epsilon = epsilon;
    this.#momentum = momentum;
    this.#activation = activation;
    this.weight = this.parameter('weight', [features], initializers.constant([features], initialScale), {
      weightDecay: false,
    });
    this.bias = this.parameter('bias', [features], initializers.constant([features], 0), {
      weightDecay: false,
    });
    this.runningMean = this.buffer('running_mean', [features], initializers.constant([features], 0));
    this.runningVar = this.buffer('running_var', [features], initializers.constant([features], 1));
    this.batchesTracked = this.counter('num_batches_tracked');
  }

  /**
   * Makes training mode use the statistics of all replicas' values, as `convertSyncBatchNorm` does for whole networks.
   * @param group Replicas that divide every batch; undefined for this replica's values alone.
   */
  synchronize(group: StatisticsGroup | undefined): void {
    this.#group = group;
  }

  /**
   * Normalizes x. Training mode uses the batch's statistics and updates the running averages; evaluation mode uses the
   * running averages.
   * @param slope Weight of a PReLU after the norm, fused into the same pass: float32 [channels] or [1].
   */
  override forward(x: T, slope?: tf.Tensor1D): T {
    const activation = this.#activation;
    const epsilon = this.#epsilon;
    if (slope && activation !== 'none') return prelu(this.forward(x), slope);
    const gamma = this.weight.variable as tf.Tensor1D;
    const beta = this.bias.variable as tf.Tensor1D;
    if (!this.training) {
      const running = [this.runningMean.variable, this.runningVar.variable] as unknown as [
        tf.Tensor1D,
        tf.Tensor1D,
      ];
      return slope
        ? batchNormPreluInference(x, gamma, beta, ...running, slope, { epsilon })
        : batchNormInference(x, gamma, beta, ...running, { epsilon, activation });
    }
    const options: BatchNormTrainOptions = {
      epsilon,
      group: this.#group,
      running: {
        mean: this.runningMean.variable,
        variance: this.runningVar.variable,
        momentum: this.#momentum,
      },
    };
    const { y } = slope
      ? batchNormPreluTrain(x, gamma, beta, slope, options)
      : batchNormTrain(x, gamma, beta, { ...options, activation });
    this.batchesTracked.value++;
    return y;
  }
}

/** Equivalent of torch.nn.BatchNorm1d: float32 [batch, features] in and out. */
export class BatchNorm1d extends BatchNorm<tf.Tensor2D> {}

/** Equivalent of torch.nn.BatchNorm2d for NHWC maps: float32 [batch, height, width, channels] in and out. */
export class BatchNorm2d extends BatchNorm<tf.Tensor4D> {}
