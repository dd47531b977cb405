import { type Communicator, soloCommunicator } from '@unitsphere/collectives';
import { type Buffer, Random } from '@unitsphere/core';
import { completeConfig, type EmbedderConfig, EmbeddingModel } from '@unitsphere/embedder';
import type { Preprocessing } from '@unitsphere/images';
import { convertSyncBatchNorm } from '@unitsphere/norms';
import { Ema } from '@unitsphere/optimizers';
import type { PartialFC, StoreFactory } from '@unitsphere/partial-fc';
import { createClassCenters } from '../centers/class-centers.js';
import type { Config } from '../config/config.js';
import { Distiller } from '../distillation/distiller.js';
import { describeModel } from '../model/describe-model.js';
import { Frozen } from '../model/frozen.js';
import { createLoss, type ScheduledLoss } from './margin-loss.js';
import { createOptimizer, type Optimizer } from './optimizer.js';
import { PairTerm } from './pair-term.js';

/** Options of a training state that its config does not contain. */
export interface TrainingStateOptions {
  /** Store of the class centers. Default: the config's in-memory store. */
  store?: StoreFactory;
  /** Width of the teacher's features. Required if the config distills. */
  teacherWidth?: number;
}

/** The margin loss and its class centers. */
export interface MarginTerm {
  readonly scheduled: ScheduledLoss;
  /** This rank's class centers; only their directions matter. */
  readonly centers: PartialFC;
}

/**
 * Everything that changes from step to step, and that a checkpoint therefore holds. It is the same on every replica, except for
 * the class centers: each replica holds its range of the classes.
 */
export class TrainingState {
  readonly model: EmbeddingModel;
  /** Divides the model into trained and frozen parts. */
  readonly frozen: Frozen;
  /** The model's architecture and preprocessing, which a checkpoint states. */
  readonly description: EmbedderConfig;
  /** Absent with `loss.name: none`. */
  readonly margin: MarginTerm | undefined;
  /** Present if the config has a pair loss. */
  readonly pairs: PairTerm | undefined;
  /** Present if the config distills a teacher. */
  readonly distiller: Distiller | undefined;
  readonly optimizer: Optimizer;
  /** Exponential moving average of the weights, if the config has one. */
  ema: Ema | undefined;
  /** Steps done. */
  step = 0;

  readonly #config: Config;

  constructor(
    config: Config,
    classCount: number,
    readonly communicator: Communicator = soloCommunicator(),
    { store, teacherWidth }: TrainingStateOptions = {},
  ) {
    this.#config = config;

    this.model = new EmbeddingModel(config.model, config.data.imageSize, new Random(config.seed, 'weights'));
    if (config.training.syncBatchNorm) convertSyncBatchNorm(this.model, communicator);
    this.frozen = new Frozen(this.model, config.model.freeze ?? []);
    this.frozen.train();
    this.description = completeConfig(describeModel(config));
    this.margin = createMarginTerm(config, classCount, communicator, store);
    const { pairs } = config.loss;
    this.pairs = pairs ? new PairTerm(config, pairs, classCount, communicator) : undefined;
    this.distiller = teacherWidth === undefined ? undefined : new Distiller(config, teacherWidth);
    this.optimizer = createOptimizer(config.optimizer, this.model, this.frozen, [
      ...(this.distiller?.parameters() ?? []),
      ...(this.pairs?.parameters() ?? []),
    ]);
    this.restartAverage();
  }

  /** How images become the model's input. */
  get preprocessing(): Preprocessing {
    return this.description.preprocessing;
  }

  /** Restarts the moving average at the current weights, for example after pretrained weights were loaded. */
  restartAverage(): void {
    this.ema?.dispose();
    const { ema } = this.#config.optimizer;
    // Running statistics are averaged too, so that they match the averaged weights.
    this.ema = ema ? new Ema([...this.model.parameters(), ...this.runningStatistics()], ema) : undefined;
  }

  /** Returns the running statistics of the model's batch norms. */
  runningStatistics(): Buffer[] {
    return this.model.namedBuffers().map(([, buffer]) => buffer);
  }

  /** Returns the L2 norm of all class centers together, or undefined without any. Collective: all ranks call it. */
  async centersNorm(): Promise<number | undefined> {
    if (!this.margin) return undefined;
    const { store } = this.margin.centers;
    const squares = new Float64Array(1);
    const { rows } = store.spec;
    const values = rows > 0 ? await store.readCenters(0, rows) : [];
    for (const value of values) squares[0] += value * value;
    this.communicator.allReduce(squares);
    return Math.sqrt(squares[0]);
  }

  /** Runs `fn` with the weights that are evaluated and shipped: the moving average, if the config has one. */
  async withEvaluatedWeights<T>(fn: () => Promise<T>): Promise<T> {
    this.model.eval();
    this.ema?.swap();
    try {
      return await fn();
    } finally {
      this.ema?.swap();
      this.frozen.train();
    }
  }

  dispose(): void {
    this.model.dispose();
    this.margin?.centers.dispose();
    this.margin?.scheduled.loss.statistics?.dispose();
    this.pairs?.dispose();
    this.distiller?.dispose();
    this.optimizer.dispose();
    this.ema?.dispose();
  }
}

function createMarginTerm(
  config: Config,
  classes: number,
  communicator: Communicator,
  store: StoreFactory | undefined,
): MarginTerm | undefined {
  const { loss } = config;
  if (loss.name === 'none') return undefined;
  const scheduled = createLoss(loss);
  return { scheduled, centers: createClassCenters(config, classes, scheduled.loss, communicator, store) };
}
