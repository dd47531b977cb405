import type { Communicator } from '@unitsphere/collectives';
import type { LabelMarginLoss } from '@unitsphere/margin-losses';
import { PartialFC, RowAdamW, RowSGD } from '@unitsphere/partial-fc';
import type { Config } from '../config/config.js';
import { type CentersPlace, createStore } from './center-store.js';

/** The class centres of a config, each rank with its range of the classes, and what updates them. */
export function createHead(
  { model, loss: { centerInitStd, partialFc, interclassFilteringThreshold }, optimizer, seed }: Config,
  classes: number,
  loss: LabelMarginLoss,
  communicator: Communicator,
  place?: CentersPlace,
): PartialFC {
  const { sampleRate, sampledClasses, unsampled } = partialFc;
  return new PartialFC({
    classes,
    dimensions: model.embeddingSize,
    loss,
    communicator,
    seed,
    initStd: centerInitStd,
    sampleRate,
    sampledClasses,
    interclassFilteringThreshold,
    store: createStore(partialFc, communicator, place),
    optimizer:
      optimizer.name === 'adamw'
        ? new RowAdamW({ ...optimizer, unsampled })
        : new RowSGD({ ...optimizer, unsampled }),
  });
}
