import * as tf from '@tensorflow/tfjs-core';
import type { Communicator } from '@unitsphere/collectives';
import { float32, Random, readSafetensors, toFloat32, writeSafetensors } from '@unitsphere/core';
import { matMul } from '@unitsphere/ops';
import type { OptimizedParameter } from '@unitsphere/optimizers';
import {
  CrossBatchMemory,
  type EmbeddingLoss,
  type LossCall,
  type Miner,
  setMatMul,
} from '@unitsphere/pair-losses';
import { createMiner, createPairLoss, type MinerName } from '@unitsphere/pair-losses/registry';
import type { Config, PairsConfig } from '../config/config.js';
import { MINER_REGISTRY, PAIR_LOSS_REGISTRY } from '../config/pair-loss-settings.js';
import { pickSettings } from '../config/registry-settings.js';
import { UserError } from '../user-error.js';

/** The weighted loss of a whole batch and this replica's part of its gradients. */
export interface PairPass {
  /** The same on every replica; NaN for non-finite embeddings. */
  loss: number;
  /** Gradient with respect to this replica's embeddings, float32 [own rows, width]. The caller disposes of it. */
  embeddingGradient: tf.Tensor2D;
  /** This replica's part of the gradients with respect to the learned parameters, in their order. */
  gradients: tf.Tensor[];
}

/**
 * The pair loss of a config. Every replica computes the loss of the whole batch from the gathered embeddings, and keeps the
 * gradient of its own rows. A memory holds the same rows on every replica.
 */
export class PairTerm {
  readonly #config: PairsConfig;
  readonly #seed: number;
  readonly #communicator: Communicator;
  readonly #loss: EmbeddingLoss;
  readonly #memory: CrossBatchMemory | undefined;

  /** @throws UserError if the loss requires batches of another shape. */
  constructor(config: Config, pairs: PairsConfig, classes: number, communicator: Communicator) {
    checkBatches(config, pairs, classes);
    setMatMul(matMul);
    this.#config = pairs;
    this.#seed = config.seed;
    this.#communicator = communicator;
    const { embeddingSize } = config.model;
    const { name, memory } = pairs;
    this.#loss = createPairLoss(name, pickSettings(PAIR_LOSS_REGISTRY.entries[name], { ...pairs }), {
      classes,
      dimensions: embeddingSize,
      seed: new Random(config.seed, 'proxies').int(2 ** 31),
    });
    this.#memory =
      memory === null
        ? undefined
        : new CrossBatchMemory({ loss: this.#loss, dimensions: embeddingSize, memorySize: memory });
  }

  /** Returns the learned parameters: proxies, or a scale and a bias. */
  parameters(): OptimizedParameter[] {
    return this.#loss.parameters.map((variable) => ({ variable, weightDecay: false }));
  }

  /**
   * Computes the loss and its gradients. Collective: all replicas call it.
   * @param embeddings This replica's, float32 [own rows, width]; not disposed.
   * @param labels Their classes.
   * @param share This replica's fraction of the batch.
   */
  async pass(
    embeddings: tf.Tensor2D,
    labels: Int32Array,
    { step, share }: { step: number; share: number },
  ): Promise<PairPass> {
    const [rows, width] = embeddings.shape;
    const communicator = this.#communicator;
    const values = communicator.allGather((await embeddings.data()) as Float32Array);
    const counts = communicator.allGather(Int32Array.of(rows));
    const allLabels = communicator.allGather(labels);
    const variables = this.#loss.parameters;
    if (!values.every(Number.isFinite)) {
      return {
        loss: Number.NaN,
        embeddingGradient: tf.zerosLike(embeddings),
        gradients: variables.map((variable) => tf.zerosLike(variable)),
      };
    }
    const first = counts.subarray(0, communicator.rank).reduce((sum, count) => sum + count, 0);
    const gathered = tf.tensor2d(values, [allLabels.length, width]);
    const all = tf.variable(gathered);
    try {
      const call = await this.#choose(all as unknown as tf.Tensor2D, allLabels, step);
      const { value, grads } = tf.variableGrads(() => {
        const loss = this.#loss.loss(all as unknown as tf.Tensor2D, allLabels, call);
        return tf.mul(loss, this.#config.weight) as tf.Scalar;
      }, [all, ...variables]);
      const [loss] = (await value.data()) as Float32Array;
      const embeddingGradient = tf.slice(grads[all.name], [first, 0], [rows, -1]) as tf.Tensor2D;
      // The step sums the replicas' parts.
      const gradients = variables.map((variable) => tf.mul(grads[variable.name], share));
      tf.dispose([value, grads, call.ref ?? []]);
      return { loss, embeddingGradient, gradients };
    } finally {
      tf.dispose([gathered, all]);
    }
  }

  async #choose(all: tf.Tensor2D, labels: Int32Array, step: number): Promise<LossCall> {
    const miner = this.#minerAt(step);
    if (!this.#memory) return miner ? { tuples: await miner.mineAsync(all, labels) } : {};
    return this.#memory.enter(all, labels, miner);
  }

  /** Each step has its own draws, so that a resumed run draws the same. */
  #minerAt(step: number): Miner | undefined {
    const { miner } = this.#config;
    if (!miner) return undefined;
    const name: MinerName = miner.name;
    const settings = pickSettings(MINER_REGISTRY.entries[name], { ...miner });
    return createMiner(name, settings, new Random(this.#seed, 'miner', step).int(2 ** 31));
  }

  /** Returns the learned parameters and the memory as a safetensors file; undefined if there are none. */
  async file(): Promise<Uint8Array | undefined> {
    const tensors = new Map();
    const metadata: Record<string, string> = { format: 'pt' };
    for (const [number, variable] of this.#loss.parameters.entries()) {
      tensors.set(`parameters.${number}`, float32(variable.shape, (await variable.data()) as Float32Array));
    }
    if (this.#memory) {
      const { embeddings, labels, next } = await this.#memory.state();
      tensors.set('memory.embeddings', float32([labels.length, this.#memory.dimensions], embeddings));
      tensors.set('memory.labels', { dtype: 'I32', shape: [labels.length], data: labels });
      metadata['memory.next'] = String(next);
    }
    return tensors.size > 0 ? writeSafetensors(tensors, metadata) : undefined;
  }

  /** Restores what `file` returned. @throws UserError if it is of another loss or memory. */
  restore(bytes: Uint8Array | undefined): void {
    const variables = this.#loss.parameters;
    if (variables.length === 0 && !this.#memory) return;
    if (!bytes) throw new UserError(`the checkpoint has no state of the loss ${this.#config.name}`);
    const { tensors, metadata } = readSafetensors(bytes);
    const tensorOf = (name: string) => {
      const tensor = tensors.get(name);
      if (!tensor) throw misfit(`it has no ${name}`);
      return tensor;
    };
    for (const [number, variable] of variables.entries()) {
      const tensor = tensorOf(`parameters.${number}`);
      if (String(tensor.shape) !== String(variable.shape)) {
        throw misfit(`parameters.${number} is [${tensor.shape}] instead of [${variable.shape}]`);
      }
      tf.tidy(() => variable.assign(tf.tensor(toFloat32(tensor), variable.shape)));
    }
    if (!this.#memory) return;
    try {
      this.#memory.restore({
        embeddings: toFloat32(tensorOf('memory.embeddings')),
        labels: tensorOf('memory.labels').data as Int32Array,
        next: Number(metadata['memory.next']),
      });
    } catch (error) {
      if (error instanceof RangeError) throw misfit(error.message);
      throw error;
    }
  }

  dispose(): void {
    this.#memory?.dispose();
    this.#loss.dispose();
  }
}

const misfit = (reason: string) =>
  new UserError(`the state of loss.pairs does not fit the config: ${reason}`);

/** Smooth-AP compares classes with equally many images, which only whole epochs of batches ensure. */
function checkBatches({ data, training }: Config, { name }: PairsConfig, classes: number): void {
  if (name !== 'smooth-ap' || data.sampler === 'm-per-class') return;
  const images = classes * data.imagesPerClass;
  if (images % training.batchSize === 0) return;
  throw new UserError(
    `smooth-ap requires equally many images of each class in a batch, but an epoch of ${images} images ends within a batch of ${training.batchSize}`,
    {
      hint: `Use --set data.sampler=m-per-class, a training.batchSize that divides ${images}, or another loss.pairs.name.`,
    },
  );
}
