import type { Communicator } from '@unitsphere/collectives';
import type { LabelMarginLoss } from '@unitsphere/margin-losses';
import { PartialFC, RowAdamW, type RowOptimizer, RowSGD, type StoreFactory } from '@unitsphere/partial-fc';
import type { Config } from '../config/config.js';
import { memoryStore } from './memory-store.js';

/** Creates the class centers of a config and their optimizer; each rank holds its range of the classes. */
export function createClassCenters(
  config: Config,
  classes: number,
  loss: LabelMarginLoss,
  communicator: Communicator,
  store: StoreFactory = memoryStore(config.loss.partialFc),
): PartialFC {
  const { centerInitStd, partialFc, interclassFilteringThreshold } = config.loss;
  const { sampleRate, sampledClasses } = partialFc;
  return new PartialFC({
    classes,
    dimensions: config.model.embeddingSize,
    loss,
    communicator,
    seed: config.seed,
    initStd: centerInitStd,
    sampleRate,
    sampledClasses,
    interclassFilteringThreshold,
    store,
    optimizer: createRowOptimizer(config),
  });
}

/** Creates the optimizer of a config's class centers. */
export function createRowOptimizer({ loss, optimizer }: Config): RowOptimizer {
  const { unsampled } = loss.partialFc;
  return optimizer.name === 'adamw'
    ? new RowAdamW({ ...optimizer, unsampled })
    : new RowSGD({ ...optimizer, unsampled });
}
