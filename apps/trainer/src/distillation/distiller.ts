import * as tf from '@tensorflow/tfjs-core';
import {
  createDistillationLoss,
  type DistillationLoss,
  distillationWeight,
  ProjectionHead,
} from '@unitsphere/clip-distiller';
import { type Parameter, Random } from '@unitsphere/core';
import type { Config, DistillationConfig } from '../config/config.js';

/** A loss and its gradients, not yet weighted. */
export interface DistillationPass {
  /** A scalar; the caller disposes of it and of the gradients. */
  value: tf.Scalar;
  /** For the student's embeddings: float32 [batch, width]. */
  embeddingGradient: tf.Tensor2D;
  /** For the projection's parameters, in their order. */
  gradients: tf.Tensor[];
}

/**
 * What a teacher's features do to the student: the loss of a config, the projection that it needs, and its weight at each step.
 * The projection is no part of the model: what is shipped is without it.
 */
export class Distiller {
  readonly loss: DistillationLoss;
  /** Takes embeddings to the teacher's width; losses that compare images with each other need none. */
  readonly projection: ProjectionHead | undefined;
  readonly #config: DistillationConfig;
  readonly #steps: number;

  /** @param teacherWidth Values of a feature. */
  constructor({ distillation, model, training, seed }: Config, teacherWidth: number) {
    this.#config = distillation!;
    this.#steps = training.steps;
    const { loss, center, temperature, timesTemperatureSquared, normalize } = this.#config;
    const given = Object.entries({ center, temperature, timesTemperatureSquared, normalize });
    this.loss = createDistillationLoss(
      loss,
      Object.fromEntries(given.filter(([, value]) => value !== undefined)),
    );
    this.projection = this.loss.sameWidth
      ? new ProjectionHead(model.embeddingSize, teacherWidth, { random: new Random(seed, 'distillation') })
      : undefined;
  }

  /** Whether the student sees each image twice, the clean one behind the augmented. */
  get seesBoth(): boolean {
    return this.#config.batch === 'augmented+clean';
  }

  /** What the optimizer trains beside the model. */
  parameters(): Parameter[] {
    return this.projection?.parameters() ?? [];
  }

  /** The loss's factor at a step, counted from 0. */
  weightAt(step: number): number {
    const { weight, warmupSteps, decay, finalWeight } = this.#config;
    return distillationWeight(step, { weight, warmupSteps, decay, finalWeight, steps: this.#steps });
  }

  /**
   * @param embeddings float32 [batch, width]; not disposed.
   * @param features The teacher's of the same images: batch × teacher's width, row-major.
   */
  pass(embeddings: tf.Tensor2D, features: Float32Array): DistillationPass {
    const student = tf.variable(embeddings);
    const batch = embeddings.shape[0];
    const teacher = tf.tensor2d(features, [batch, features.length / batch]);
    const variables = this.parameters().map(({ variable }) => variable);
    try {
      const { value, grads } = tf.variableGrads(() => {
        const projected = this.projection?.forward(student as unknown as tf.Tensor2D) ?? student;
        return this.loss.loss(projected as tf.Tensor2D, teacher);
      }, [student, ...variables]);
      return {
        value,
        embeddingGradient: grads[student.name] as tf.Tensor2D,
        gradients: variables.map(({ name }) => grads[name]),
      };
    } finally {
      tf.dispose([student, teacher]);
    }
  }

  dispose(): void {
    this.projection?.dispose();
  }
}
