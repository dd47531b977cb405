import type { Communicator } from '@unitsphere/collectives';
import { readSafetensors, writeSafetensors } from '@unitsphere/core';
import { embedPixels } from '@unitsphere/embedder';
import { setKernelThreads } from '@unitsphere/ops';
import type { Config } from '../config/config.js';
import { type EmbedImagesOptions, joinEmbeddings, joinImages } from '../evaluate/embed.js';
import {
  type CheckpointFiles,
  checkpointFiles,
  restoreModel,
  restoreState,
} from '../step/checkpoint-files.js';
import { TrainingState, type TrainingStateOptions } from '../step/training-state.js';
import { createTrainingStep, type StepResult, type TrainingStep } from '../step/training-step.js';
import { UserError } from '../user-error.js';
import { broadcastCenters, type CenterBlock } from './broadcast-centers.js';
import { broadcastFiles } from './broadcast-files.js';
import type { ReplicaBatches } from './replica-batches.js';
import { threadsOf } from './threads-of.js';

const BACKBONE_FILE = 'backbone.safetensors';

/** Options of a replica that its config does not contain. */
export type ReplicaOptions = TrainingStateOptions;

/** The weights and class centers that a run grows from. */
export interface GrowthSource {
  /** Files of the weights that are evaluated. */
  weights: CheckpointFiles;
  /** Class centers, numbered by their new classes. */
  centers: AsyncIterable<CenterBlock>;
}

/**
 * One rank of a training: the model and its optimizer, the same on every rank, and a range of the class centers. Its methods are
 * collective: all ranks call them in the same order. Only rank 0 passes inputs and gets results.
 */
export class Replica {
  readonly state: TrainingState;
  readonly #step: TrainingStep;

  readonly #communicator: Communicator;
  readonly #batches: ReplicaBatches;

  constructor(
    config: Config,
    classCount: number,
    communicator: Communicator,
    batches: ReplicaBatches,
    options: ReplicaOptions = {},
  ) {
    this.#communicator = communicator;
    this.#batches = batches;

    setKernelThreads(threadsOf(config));
    this.state = new TrainingState(config, classCount, communicator, options);
    this.#step = createTrainingStep(config, this.state);
  }

  /** Starts from the pretrained weights that rank 0 has loaded into its backbone. */
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

  /** Starts from another run's weights and class centers; rank 0 passes them. */
  async grow(source?: GrowthSource): Promise<void> {
    const { state } = this;
    const communicator = this.#communicator;
    restoreModel(state.model, broadcastFiles(communicator, source?.weights));
    state.restartAverage();
    await this.setCenters(source?.centers);
  }

  /** Replaces class centers; rank 0 passes them. */
  async setCenters(blocks?: AsyncIterable<CenterBlock>): Promise<void> {
    for await (const { classes, centers } of broadcastCenters(this.#communicator, blocks)) {
      await this.state.margin?.centers.setCenters(classes, centers);
    }
  }

  /** Trains on the batch that was written last. */
  train(step: number, count: number): Promise<StepResult> {
    const { rank, size } = this.#communicator;
    const part = this.#batches.part(count, rank, size);
    return this.#step({
      step,
      ...part,
      share: part.labels.length / count,
      nextLabels: this.#batches.nextLabels(),
    });
  }

  /**
   * Computes embeddings, of unit length by default, with the weights that are evaluated; each rank embeds its part of every batch.
   * @param images All images, on rank 0.
   * @returns All embeddings on rank 0, row-major; empty on the others.
   */
  embed(
    count: number,
    images?: readonly Uint8Array[],
    options: EmbedImagesOptions = {},
  ): Promise<Float32Array> {
    const { state } = this;
    const { capacity } = this.#batches;
    const communicator = this.#communicator;
    return state.withEvaluatedWeights(async () => {
      const parts: Float32Array[] = [];
      for (let at = 0; at < count; at += capacity) {
        const many = Math.min(capacity, count - at);
        const pixels = images && joinImages(images.slice(at, at + many));
        const part = this.#batches.divide(communicator, many, pixels);
        const own = await embedPixels(state.model, part, state.preprocessing, options);
        // The gather also ensures that all ranks have read their images before the next write.
        const all = communicator.gather(own);
        if (all) parts.push(all);
      }
      return joinEmbeddings(parts);
    });
  }

  /** Returns the state as the files of a checkpoint, on rank 0. */
  checkpointFiles(): Promise<CheckpointFiles | undefined> {
    return checkpointFiles(this.state);
  }

  /** Must be called once the checkpoint with the last files is on the disk. */
  async checkpointWritten(): Promise<void> {
    await this.state.margin?.centers.checkpointWritten();
  }

  /** Resumes from a checkpoint; rank 0 passes its files. */
  async restore(step: number, files?: CheckpointFiles): Promise<void> {
    await restoreState(this.state, broadcastFiles(this.#communicator, files));
    const { optimizer, margin } = this.state;
    for (const [what, steps] of [
      ['optimizer', optimizer.stepCount],
      ['class centers', margin?.centers.stepCount ?? step],
    ] as const) {
      if (steps !== step) {
        throw new UserError(`the checkpoint is of step ${step}, but its ${what} of step ${steps}`, {
          hint: 'Its files are of different checkpoints. Delete its folder to resume from the one before.',
        });
      }
    }
    this.state.step = step;
  }

  dispose(): void {
    this.state.dispose();
  }
}
