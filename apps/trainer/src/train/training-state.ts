import { initializers, Parameter, Random } from '@unitsphere/core';
import { Ema } from '@unitsphere/optimizers';
import type { Config } from '../config/config.js';
import { EmbeddingModel } from '../model/embedding-model.js';
import { imageNetPreprocessing, type Preprocessing } from '../model/preprocessing.js';
import { createOptimizer, type Optimizer } from './optimizer.js';

/** Everything of a run that changes from step to step and that a checkpoint therefore holds. */
export class TrainingState {
  readonly model: EmbeddingModel;
  readonly preprocessing: Preprocessing;
  /** float32 [classes, embeddingSize]; only their directions matter. */
  readonly classCenters: Parameter;
  readonly optimizer: Optimizer;
  readonly ema: Ema | undefined;
  /** Steps done. */
  step = 0;

  constructor(config: Config, classCount: number) {
    const random = new Random(config.seed, 'weights');
    const shape = [classCount, config.model.embeddingSize];
    this.model = new EmbeddingModel(config.model, config.data.imageSize, random);
    this.preprocessing = imageNetPreprocessing(config.data.imageSize);
    this.classCenters = new Parameter(
      shape,
      initializers.normal(shape, random.fork('centers'), 0, config.loss.centerInitStd),
    );
    this.optimizer = createOptimizer(config.optimizer, this.model.parameters(), this.classCenters);
    const { ema } = config.optimizer;
    // Running statistics too: averaged weights want the statistics that go with them.
    const averaged = [...this.model.parameters(), ...this.model.namedBuffers().map(([, buffer]) => buffer)];
    this.ema = ema ? new Ema(averaged, ema) : undefined;
  }

  /** Runs fn with the weights that are evaluated and shipped: the moving average where there is one. */
  async withEvaluatedWeights<T>(fn: () => Promise<T>): Promise<T> {
    this.model.eval();
    this.ema?.swap();
    try {
      return await fn();
    } finally {
      this.ema?.swap();
      this.model.train();
    }
  }

  dispose(): void {
    this.model.dispose();
    this.classCenters.dispose();
    this.optimizer.dispose();
    this.ema?.dispose();
  }
}
