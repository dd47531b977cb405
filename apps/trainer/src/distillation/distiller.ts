import * as tf from '@tensorflow/tfjs-core';
import {
  createDistillationLoss,
  type DistillationLoss,
  distillationWeight,
  ProjectionHead,
} from '@unitsphere/clip-distiller';
import { type Parameter, Random } from '@unitsphere/core';
import type { Config, DistillationConfig } from '../config/config.js';
import { DISTILLATION_REGISTRY } from '../config/distillation-settings.js';
import { pickSettings } from '../config/registry-settings.js';

/** A distillation loss and its gradients, without the weight. */
export interface DistillationPass {
  /** The loss. The caller disposes of it and of the gradients. */
  value: tf.Scalar;
  /** Gradient with respect to the student's embeddings: float32 [batch, width]. */
  embeddingGradient: tf.Tensor2D;
  /** Gradients with respect to the projection's parameters, in their order. */
  gradients: tf.Tensor[];
}

/**
 * Distills a teacher's features into the student: the config's loss, its projection, and its weight at each step. The projection
 * is used only in training; it is not part of the shipped model.
 */
export class Distiller {
  readonly loss: DistillationLoss;
  /** Projects embeddings to the teacher's width; undefined for losses that compare images with each other. */
  readonly projection: ProjectionHead | undefined;
  readonly #config: DistillationConfig;
  readonly #steps: number;

  /**
   * @param teacherWidth Width of the teacher's features.
   * @throws Error for a config without distillation.
   */
  constructor({ distillation, model, training, seed }: Config, teacherWidth: number) {
    if (!distillation) throw new Error('Distiller: the config has no distillation.');
    this.#config = distillation;
    this.#steps = training.steps;
    const { loss, center } = this.#config;
    const settings = pickSettings(DISTILLATION_REGISTRY.entries[loss], { ...this.#config });
    this.loss = createDistillationLoss(loss, { center, ...settings });
    this.projection = this.loss.sameWidth
      ? new ProjectionHead(model.embeddingSize, teacherWidth, { random: new Random(seed, 'distillation') })
      : undefined;
  }

  /** Whether the student sees each image twice: augmented, then clean. */
  get seesBoth(): boolean {
    return this.#config.batch === 'augmented+clean';
  }

  /** Returns the projection's parameters. */
  parameters(): Parameter[] {
    return this.projection?.parameters() ?? [];
  }

  /** Returns the loss's weight at a step; steps count from 0. */
  weightAt(step: number): number {
    const { weight, warmupSteps, decay, finalWeight } = this.#config;
    return distillationWeight(step, { weight, warmupSteps, decay, finalWeight, steps: this.#steps });
  }

  /**
   * Computes the loss and its gradients.
   * @param embeddings float32 [batch, width]; not disposed.
   * @param features The teacher's features of the same images: batch × teacher's width, row-major.
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
