import type { Communicator } from '@unitsphere/collectives';
import type { Config } from '../config/config.js';
import type { TrainingBatch } from '../dataset/batches.js';
import type { ImageEmbedder } from '../evaluate/embed.js';
import { loadPretrained, otherInputs } from '../model/load-pretrained.js';
import type { CheckpointFiles } from '../step/checkpoint-files.js';
import type { TrainingState } from '../step/training-state.js';
import type { StepResult } from '../step/training-step.js';
import type { CenterBlock } from './broadcast-centers.js';
import { tell } from './commands.js';
import { type GrowthSource, Replica, type ReplicaMeans } from './replica.js';
import type { SharedBatch } from './shared-batch.js';

/** Rank 0 of a training: has all replicas do what it does itself. With one replica there is nobody to tell. */
export class LeadReplica implements ImageEmbedder {
  readonly #replica: Replica;

  readonly #config: Config;
  readonly #communicator: Communicator;
  readonly #batch: SharedBatch;

  constructor(
    config: Config,
    classCount: number,
    communicator: Communicator,
    batch: SharedBatch,
    means: ReplicaMeans = {},
  ) {
    this.#config = config;
    this.#communicator = communicator;
    this.#batch = batch;

    this.#replica = new Replica(config, classCount, communicator, batch, means);
  }

  get state(): TrainingState {
    return this.#replica.state;
  }

  /**
   * Starts all replicas from the config's pretrained weights.
   * @returns What to know where they were trained on other inputs.
   * @throws UserError when they cannot be read or do not fit.
   */
  async loadPretrained(): Promise<string | undefined> {
    // Read and converted here alone: what is wrong with the file is told once, and a download is one.
    const loaded = await loadPretrained(this.state.model.backbone, this.#config.model.pretrained!);
    tell(this.#communicator, { name: 'sharePretrained' });
    await this.#replica.sharePretrained();
    return otherInputs(loaded, this.state.preprocessing);
  }

  /** Starts all replicas from another run's weights and class centers. @throws UserError when they do not fit. */
  async grow(source: GrowthSource): Promise<void> {
    tell(this.#communicator, { name: 'grow' });
    await this.#replica.grow(source);
  }

  /** Puts class centers in the place of those that all replicas have. */
  async setCenters(blocks: AsyncIterable<CenterBlock>): Promise<void> {
    tell(this.#communicator, { name: 'setCenters' });
    await this.#replica.setCenters(blocks);
  }

  /**
   * Trains on a batch, each replica on its part.
   * @param nextLabels Those of the next batch: class centers in a file are then read ahead.
   */
  train(batch: TrainingBatch, nextLabels?: Int32Array): Promise<StepResult> {
    const { step, images, labels } = batch;
    this.#batch.write(images, labels, nextLabels, batch);
    const count = labels.length;
    tell(this.#communicator, { name: 'train', step, count });
    return this.#replica.train(step, count);
  }

  /** Embeds with the weights that are evaluated. */
  async embed(images: readonly Uint8Array[]): Promise<{ embeddings: Float32Array; dimensions: number }> {
    const count = images.length;
    tell(this.#communicator, { name: 'embed', count });
    const embeddings = await this.#replica.embed(count, images);
    return { embeddings, dimensions: count ? embeddings.length / count : 0 };
  }

  /** The state as the files of a checkpoint, the same for any number of replicas. */
  async checkpointFiles(): Promise<CheckpointFiles> {
    tell(this.#communicator, { name: 'checkpointFiles' });
    return (await this.#replica.checkpointFiles())!;
  }

  /** Says that the checkpoint with the last files is safely on the disk. */
  async checkpointWritten(): Promise<void> {
    tell(this.#communicator, { name: 'checkpointWritten' });
    await this.#replica.checkpointWritten();
  }

  /** Goes on from a checkpoint. @throws UserError when it does not fit. */
  async restore(step: number, files: CheckpointFiles): Promise<void> {
    tell(this.#communicator, { name: 'restore', step });
    await this.#replica.restore(step, files);
  }

  /** Lets the other replicas end. */
  stop(): void {
    tell(this.#communicator, { name: 'stop' });
  }

  dispose(): void {
    this.#replica.dispose();
  }
}
