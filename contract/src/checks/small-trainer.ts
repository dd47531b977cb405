import * as tf from '@tensorflow/tfjs-core';
import { forwardAndPullback, type Module } from '@unitsphere/core';
import { CosFace } from '@unitsphere/margin-losses';
import { AdamW, clipScale, globalNormAsync } from '@unitsphere/optimizers';
import { PartialFC } from '@unitsphere/partial-fc';

/** Options of a small training. */
export interface SmallTraining {
  /** Maps a batch to embeddings. The trainer disposes it. */
  model: Module;
  classes: number;
  dimensions: number;
}

/** Trains a model: forward pass, PartialFC with CosFace, gradients, clipping, AdamW. */
export class SmallTrainer {
  readonly model: Module;
  readonly #head: PartialFC;
  readonly #optimizer: AdamW;

  constructor({ model, classes, dimensions }: SmallTraining) {
    this.model = model;
    this.#head = new PartialFC({
      classes,
      dimensions,
      loss: new CosFace({ scale: 16, margin: 0.2 }),
      seed: 1,
    });
    this.#optimizer = new AdamW(model.parameters(), { weightDecay: 1e-3 });
  }

  /** Trains on one batch and returns its loss. */
  async step(batch: tf.Tensor, labels: Int32Array, lr: number): Promise<number> {
    const { value, pullback, dispose } = forwardAndPullback(
      () => this.model.forward(batch),
      this.model.parameters(),
    );
    const made: tf.Tensor[] = [value];
    try {
      const { loss, embeddingGradient, gradientSquareSum } = await this.#head.forwardBackward(
        value as tf.Tensor2D,
        labels,
      );
      made.push(embeddingGradient);
      const gradients = pullback(embeddingGradient);
      made.push(...gradients.filter((gradient) => gradient !== null));
      const norm = Math.hypot(await globalNormAsync(gradients), Math.sqrt(gradientSquareSum));
      const gradientScale = clipScale(norm, 5);
      this.#optimizer.lr = lr;
      this.#optimizer.step(gradients, { gradientScale });
      await this.#head.step({ lr, gradientScale });
      return loss;
    } finally {
      this.#head.discard();
      dispose();
      tf.dispose(made);
    }
  }

  dispose(): void {
    this.#head.dispose();
    this.#optimizer.dispose();
    this.model.dispose();
  }
}
