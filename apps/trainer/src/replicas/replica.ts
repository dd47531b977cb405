import type { Communicator } from '@unitsphere/collectives';
import type { Config } from '../config/config.js';
import { embedBatch, joinEmbeddings, joinImages } from '../evaluate/embed.js';
import { type CheckpointFiles, checkpointFiles, restoreState } from '../train/checkpoint-files.js';
import { loadPretrained } from '../train/load-pretrained.js';
import { TrainingState } from '../train/training-state.js';
import { createTrainingStep, type StepResult, type TrainingStep } from '../train/training-step.js';
import { broadcastFiles } from './broadcast-files.js';
import type { SharedBatch } from './shared-batch.js';

/**
 * One rank's part in a training: the model and the optimizer, the same on every rank, and a range of the class centres.
 * All ranks call its methods together, in the same order; what goes in and comes out does so on rank 0.
 */
export class Replica {
  readonly state: TrainingState;
  private readonly step: TrainingStep;

  constructor(
    private readonly config: Config,
    classCount: number,
    private readonly communicator: Communicator,
    private readonly batch: SharedBatch,
  ) {
    this.state = new TrainingState(config, classCount, communicator);
    this.step = createTrainingStep(config, this.state);
  }

  /** Starts from the config's pretrained weights. */
  async loadPretrained(): Promise<void> {
    await loadPretrained(this.state.model.backbone, this.config.model.pretrained!);
  }

  /** Trains on the batch that is in the shared memory. */
  train(step: number, count: number): Promise<StepResult> {
    const { rank, size } = this.communicator;
    const part = this.batch.part(count, rank, size);
    return this.step({ step, ...part, share: part.labels.length / count });
  }

  /**
   * Unit-length embeddings with the weights that are evaluated, each rank a part of every batch.
   * @param images On rank 0: all of them.
   * @returns On rank 0: all embeddings, row-major; empty on the others.
   */
  embed(count: number, images?: readonly Uint8Array[]): Promise<Float32Array> {
    const { batch, communicator, state } = this;
    const { rank, size } = communicator;
    return state.withEvaluatedWeights(async () => {
      const parts: Float32Array[] = [];
      for (let at = 0; at < count; at += batch.capacity) {
        const many = Math.min(batch.capacity, count - at);
        if (images) batch.write(joinImages(images.slice(at, at + many)));
        communicator.barrier();
        const own = await embedBatch(state.model, batch.part(many, rank, size).images, state.preprocessing);
        // Once rank 0 has all of them, all have read their images.
        const all = communicator.gather(own);
        if (all) parts.push(all);
      }
      return joinEmbeddings(parts);
    });
  }

  /** The state as the files of a checkpoint, on rank 0. */
  checkpointFiles(): Promise<CheckpointFiles | undefined> {
    return checkpointFiles(this.state);
  }

  /** Goes on from a checkpoint, whose files rank 0 has. */
  async restore(step: number, files?: CheckpointFiles): Promise<void> {
    await restoreState(this.state, broadcastFiles(this.communicator, files));
    this.state.step = step;
  }

  dispose(): void {
    this.state.dispose();
  }
}
