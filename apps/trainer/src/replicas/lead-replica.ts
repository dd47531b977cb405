import type { Communicator } from '@unitsphere/collectives';
import type { Config } from '../config/config.js';
import type { TrainingBatch } from '../dataset/batches.js';
import type { EmbedImagesOptions, ImageEmbedder } from '../evaluate/embed.js';
import { loadPretrained, warnOfOtherInputs } from '../model/load-pretrained.js';
import type { CheckpointFiles } from '../step/checkpoint-files.js';
import type { TrainingState } from '../step/training-state.js';
import type { StepResult } from '../step/training-step.js';
import type { CenterBlock } from './broadcast-centers.js';
import { tell } from './commands.js';
import { type GrowthSource, Replica, type ReplicaOptions } from './replica.js';
import type { ReplicaBatches } from './replica-batches.js';

/** The parts of a batch that a step uses. */
export type StepBatch = Pick<TrainingBatch, 'step' | 'images' | 'labels' | 'clean' | 'features'>;

/** Rank 0 of a training: sends every command to the other replicas and executes it itself. */
export class LeadReplica implements ImageEmbedder {
  readonly #replica: Replica;

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

    this.#replica = new Replica(config, classCount, communicator, batches, options);
  }

  get state(): TrainingState {
    return this.#replica.state;
  }

  /**
   * Starts all replicas from pretrained weights.
   * @param source A file, a URL, or a model of the Hugging Face hub.
   * @param isTruncated Whether the backbone lacks its last layers (`model.outIndex`).
   * @returns A warning if the weights were trained with another preprocessing.
   * @throws UserError if they cannot be read or do not fit.
   */
  async loadPretrained(source: string, isTruncated: boolean): Promise<string | undefined> {
    // Only rank 0 reads, so that there is one download and one error.
    const loaded = await loadPretrained(this.state.model.backbone, source, isTruncated);
    tell(this.#communicator, { name: 'sharePretrained' });
    await this.#replica.sharePretrained();
    return warnOfOtherInputs(loaded, this.state.preprocessing);
  }

  /** Starts all replicas from another run's weights and class centers. @throws UserError if they do not fit. */
  async grow(source: GrowthSource): Promise<void> {
    tell(this.#communicator, { name: 'grow' });
    await this.#replica.grow(source);
  }

  /** Replaces the weights that are evaluated on all replicas, and no class centers. */
  useWeights(weights: CheckpointFiles): Promise<void> {
    return this.grow({ weights, centers: (async function* () {})() });
  }

  /** Replaces class centers on all replicas. */
  async setCenters(blocks: AsyncIterable<CenterBlock>): Promise<void> {
    tell(this.#communicator, { name: 'setCenters' });
    await this.#replica.setCenters(blocks);
  }

  /**
   * Trains on a batch; each replica takes its part.
   * @param nextLabels Labels of the next batch, so that class centers in a file are read ahead.
   */
  train(batch: StepBatch, nextLabels?: Int32Array): Promise<StepResult> {
    const { step } = batch;
    const count = this.#batches.write(batch, nextLabels);
    tell(this.#communicator, { name: 'train', step, count });
    return this.#replica.train(step, count);
  }

  /** Embeds images with the weights that are evaluated; all replicas take part. */
  async embed(
    images: readonly Uint8Array[],
    { normalize = true }: EmbedImagesOptions = {},
  ): Promise<{ embeddings: Float32Array; dimensions: number }> {
    const count = images.length;
    tell(this.#communicator, { name: normalize ? 'embed' : 'embedUnscaled', count });
    const embeddings = await this.#replica.embed(count, images, { normalize });
    return { embeddings, dimensions: count ? embeddings.length / count : 0 };
  }

  /** Returns the state as the files of a checkpoint, independent of the number of replicas. */
  async checkpointFiles(): Promise<CheckpointFiles> {
    tell(this.#communicator, { name: 'checkpointFiles' });
    return (await this.#replica.checkpointFiles()) as CheckpointFiles; // rank 0 always gets them
  }

  /** Must be called once the checkpoint with the last files is on the disk, so that center files may drop older rows. */
  async checkpointWritten(): Promise<void> {
    tell(this.#communicator, { name: 'checkpointWritten' });
    await this.#replica.checkpointWritten();
  }

  /** Resumes from a checkpoint. @throws UserError if it does not fit. */
  async restore(step: number, files: CheckpointFiles): Promise<void> {
    tell(this.#communicator, { name: 'restore', step });
    await this.#replica.restore(step, files);
  }

  /** Ends the other replicas. */
  stop(): void {
    tell(this.#communicator, { name: 'stop' });
  }

  dispose(): void {
    this.#replica.dispose();
  }
}
