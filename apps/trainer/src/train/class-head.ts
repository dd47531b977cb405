import type { Communicator } from '@unitsphere/collectives';
import type { StateDict } from '@unitsphere/core';
import type { LabelMarginLoss } from '@unitsphere/margin-losses';
import { PartialFC, RowAdamW, RowSGD } from '@unitsphere/partial-fc';
import type { Config } from '../config/config.js';

/** The class centres of a config, each rank with its range of the classes, and what updates them. */
export function createHead(
  { model, loss: { centerInitStd }, optimizer, seed }: Config,
  classes: number,
  loss: LabelMarginLoss,
  communicator: Communicator,
): PartialFC {
  return new PartialFC({
    classes,
    dimensions: model.embeddingSize,
    loss,
    communicator,
    seed,
    initStd: centerInitStd,
    optimizer: optimizer.name === 'adamw' ? new RowAdamW(optimizer) : new RowSGD(optimizer),
  });
}

/**
 * The head's whole state on rank 0, undefined on the others: the same for any number of ranks. All ranks call it together.
 */
export async function gatherHeadState(
  head: PartialFC,
  communicator: Communicator,
): Promise<StateDict | undefined> {
  const whole: StateDict = new Map();
  for (const [name, tensor] of await head.stateDict()) {
    if (name === 'learning_rates') {
      whole.set(name, tensor);
    } else if (name === 'head') {
      // As a head says of itself that has all classes: how many, its first, how many there, steps.
      whole.set(name, { ...tensor, data: Int32Array.of(head.classes, 0, head.classes, head.stepCount) });
    } else {
      const data = communicator.gather(tensor.data as Float32Array | Int32Array);
      if (data) whole.set(name, { ...tensor, shape: [head.classes, ...tensor.shape.slice(1)], data });
    }
  }
  return communicator.rank === 0 ? whole : undefined;
}
