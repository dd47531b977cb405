import { type Communicator, soloCommunicator } from '@unitsphere/collectives';
import { type Buffer, Random } from '@unitsphere/core';
import { Ema } from '@unitsphere/optimizers';
import type { PartialFC, StoreFactory } from '@unitsphere/partial-fc';
import { createClassCenters } from '../centers/class-centers.js';
import type { Config } from '../config/config.js';
import { Distiller } from '../distillation/distiller.js';
import { EmbeddingModel } from '../model/embedding-model.js';
import { Frozen } from '../model/frozen.js';
import { imageNetPreprocessing, type Preprocessing } from '../model/preprocessing.js';
import { createLoss, type ScheduledLoss } from './margin-loss.js';
import { createOptimizer, type Optimizer } from './optimizer.js';

/** What a state has that its config does not say. */
export interface TrainingStateMeans {
  /** Where class centers live; default: in memory, as the config says. */
  store?: StoreFactory;
  /** Values of the teacher's feature; wanted where the config has a distillation. */
  teacherWidth?: number;
}

/**
 * Everything of a run that changes from step to step and that a checkpoint therefore holds. Every replica has one: the same
 * on all, but for the class centers, of which each has a range.
 */
export class TrainingState {
  readonly model: EmbeddingModel;
  /** What of the model is trained. */
  readonly frozen: Frozen;
  readonly preprocessing: Preprocessing;
  readonly loss: ScheduledLoss;
  /** This rank's class centers; only their directions matter. */
  readonly centers: PartialFC;
  /** What a teacher's features do, where there is one. */
  readonly distiller: Distiller | undefined;
  readonly optimizer: Optimizer;
  /** The moving average of the weights. */
  ema: Ema | undefined;
  /** Steps done. */
  step = 0;

  readonly #config: Config;

  constructor(
    config: Config,
    classCount: number,
    readonly communicator: Communicator = soloCommunicator(),
    { store, teacherWidth }: TrainingStateMeans = {},
  ) {
    this.#config = config;

    this.model = new EmbeddingModel(config.model, config.data.imageSize, new Random(config.seed, 'weights'));
    this.frozen = new Frozen(this.model, config.model.freeze ?? []);
    this.frozen.train();
    this.preprocessing = imageNetPreprocessing(config.data.imageSize);
    this.loss = createLoss(config.loss);
    this.centers = createClassCenters(config, classCount, this.loss.loss, communicator, store);
    this.distiller = teacherWidth === undefined ? undefined : new Distiller(config, teacherWidth);
    this.optimizer = createOptimizer(config.optimizer, this.model, this.frozen, this.distiller?.parameters());
    this.restartAverage();
  }

  /** Begins the moving average at the weights that are there now, as after weights were loaded to start from. */
  restartAverage(): void {
    this.ema?.dispose();
    const { ema } = this.#config.optimizer;
    // Running statistics too: averaged weights want the statistics that go with them.
    this.ema = ema ? new Ema([...this.model.parameters(), ...this.runningStatistics()], ema) : undefined;
  }

  /** The running averages of the model's batch norms. */
  runningStatistics(): Buffer[] {
    return this.model.namedBuffers().map(([, buffer]) => buffer);
  }

  /** The norm of all class centers together. All ranks call it together. */
  async centersNorm(): Promise<number> {
    const squares = new Float64Array(1);
    const { rows } = this.centers.store.spec;
    const values = rows > 0 ? await this.centers.store.readCenters(0, rows) : [];
    for (const value of values) squares[0] += value * value;
    this.communicator.allReduce(squares);
    return Math.sqrt(squares[0]);
  }

  /** Runs fn with the weights that are evaluated and shipped: the moving average where there is one. */
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
    this.centers.dispose();
    this.loss.loss.statistics?.dispose();
    this.distiller?.dispose();
    this.optimizer.dispose();
    this.ema?.dispose();
  }
}
