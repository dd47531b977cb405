import type { Communicator } from '@unitsphere/collectives';
import { readSafetensors, writeSafetensors } from '@unitsphere/core';
import type { Config } from '../config/config.js';
import { embedBatch, joinEmbeddings, joinImages } from '../evaluate/embed.js';
import {
  type CheckpointFiles,
  checkpointFiles,
  restoreModel,
  restoreState,
} from '../step/checkpoint-files.js';
import { TrainingState, type TrainingStateMeans } from '../step/training-state.js';
import { createTrainingStep, type StepResult, type TrainingStep } from '../step/training-step.js';
import { broadcastCenters, type CenterBlock } from './broadcast-centers.js';
import { broadcastFiles } from './broadcast-files.js';
import type { SharedBatch } from './shared-batch.js';

const BACKBONE_FILE = 'backbone.safetensors';

/** What a replica has that its config does not say. */
export type ReplicaMeans = TrainingStateMeans;

/** What a run grows from. */
export interface GrowthSource {
  /** The files of the weights that are evaluated. */
  weights: CheckpointFiles;
  /** Centers by their new class numbers. */
  centers: AsyncIterable<CenterBlock>;
}

/**
 * One rank's part in a training: the model and the optimizer, the same on every rank, and a range of the class centers.
 * All ranks call its methods together, in the same order; what goes in and comes out does so on rank 0.
 */
export class Replica {
  readonly state: TrainingState;
  readonly #step: TrainingStep;

  readonly #communicator: Communicator;
  readonly #batch: SharedBatch;

  constructor(
    config: Config,
    classCount: number,
    communicator: Communicator,
    batch: SharedBatch,
    means: ReplicaMeans = {},
  ) {
    this.#communicator = communicator;
    this.#batch = batch;

    this.state = new TrainingState(config, classCount, communicator, means);
    this.#step = createTrainingStep(config, this.state);
  }

  /** Starts from the backbone's pretrained weights, which rank 0 has read into its own. */
  async sharePretrained(): Promise<void> {
    const { state } = this;
    const communicator = this.#communicator;
    const { backbone } = state.model;
    if (communicator.size > 1) {
      const own = async () => ({ [BACKBONE_FILE]: writeSafetensors(await backbone.stateDict()) });
      const shared = broadcastFiles(communicator, communicator.rank === 0 ? await own() : undefined);
      if (communicator.rank > 0) backbone.loadStateDict(readSafetensors(shared[BACKBONE_FILE]).tensors);
    }
    state.restartAverage();
  }

  /** Starts from another run's weights and class centers, which rank 0 has. */
  async grow(source?: GrowthSource): Promise<void> {
    const { state } = this;
    const communicator = this.#communicator;
    restoreModel(state.model, broadcastFiles(communicator, source?.weights));
    state.restartAverage();
    await this.setCenters(source?.centers);
  }

  /** Puts class centers in the place of those that are there; rank 0 has them. */
  async setCenters(blocks?: AsyncIterable<CenterBlock>): Promise<void> {
    for await (const { classes, centers } of broadcastCenters(this.#communicator, blocks)) {
      await this.state.centers.setCenters(classes, centers);
    }
  }

  /** Trains on the batch that is in the shared memory. */
  train(step: number, count: number): Promise<StepResult> {
    const { rank, size } = this.#communicator;
    const part = this.#batch.part(count, rank, size);
    return this.#step({
      step,
      ...part,
      share: part.labels.length / count,
      nextLabels: this.#batch.nextLabels(),
    });
  }

  /**
   * Unit-length embeddings with the weights that are evaluated, each rank a part of every batch.
   * @param images On rank 0: all of them.
   * @returns On rank 0: all embeddings, row-major; empty on the others.
   */
  embed(count: number, images?: readonly Uint8Array[]): Promise<Float32Array> {
    const { state } = this;
    const batch = this.#batch;
    const communicator = this.#communicator;
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

  /** Says that the checkpoint with the last files is safely on the disk. */
  checkpointWritten(): Promise<void> {
    return this.state.centers.checkpointWritten();
  }

  /** Goes on from a checkpoint, whose files rank 0 has. */
  async restore(step: number, files?: CheckpointFiles): Promise<void> {
    await restoreState(this.state, broadcastFiles(this.#communicator, files));
    this.state.step = step;
  }

  dispose(): void {
    this.state.dispose();
  }
}
