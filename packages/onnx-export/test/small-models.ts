import * as tf from '@tensorflow/tfjs-core';
import { type BackboneName, createBackbone } from '@unitsphere/backbones';
import { Random } from '@unitsphere/core';
import { createNeck, EmbeddingHead, type NeckName } from '@unitsphere/necks';
import type { NormName } from '@unitsphere/norms';
import { l2Normalize } from '@unitsphere/ops';
import { fill } from '@unitsphere/testing/operation-case';
import type { EmbeddingModules } from '../src/index.js';

/** An embedding network of the registries for small images, with parameters and statistics far from their initial values. */
export interface SmallModel extends EmbeddingModules {
  inputSize: number;
  embed(images: Float32Array): Promise<Float32Array>;
  dispose(): void;
}

const EMBEDDING_SIZE = 16;

export function createSmallModel(
  backboneName: BackboneName,
  neckName: NeckName,
  norm: NormName,
  inputSize = 64,
): SmallModel {
  const random = new Random(1);
  const backbone = createBackbone(backboneName, { random, inputSize }).eval();
  const { channels, reduction } = backbone.featureInfo[backbone.featureInfo.length - 1];
  const side = Math.ceil(inputSize / reduction);
  const neck = createNeck(neckName, { channels, height: side, width: side }, { random });
  const module = neck.module.eval();
  const head = new EmbeddingHead(neck.features, EMBEDDING_SIZE, { norm, random }).eval();
  for (const part of [backbone, module, head]) disturb(part as never);
  return {
    backbone,
    neck: module,
    head,
    inputSize,
    async embed(images) {
      const y = tf.tidy(() => {
        const x = tf.tensor4d(images, [images.length / (inputSize * inputSize * 3), inputSize, inputSize, 3]);
        return l2Normalize(head.forward(module.forward(backbone.forward(x))));
      });
      const values = await y.data();
      y.dispose();
      return values as Float32Array;
    },
    dispose() {
      for (const part of [backbone, module, head]) part.dispose();
    },
  };
}

/** Moves vectors (norms, biases, slopes) away from 0 and 1, where mistakes in their order would not show. */
function disturb(module: EmbeddingModules['backbone']): void {
  let seed = 1;
  for (const [name, { variable }] of [...module.namedParameters(), ...module.namedBuffers()]) {
    if (variable.rank !== 1) continue;
    tf.tidy(() => {
      const noise = tf.tensor1d(fill(variable.size, seed++, -0.3, 0.3));
      // Variances above 1 keep the values of deep networks finite.
      const base = name.endsWith('running_var') ? tf.scalar(6) : variable;
      variable.assign(tf.add(base, noise));
    });
  }
}

/** Returns seeded images, NHWC. */
export const drawImages = (count: number, side: number): Float32Array =>
  fill(count * side * side * 3, 7, -2, 2);

/** Converts images of 3 channels from NHWC to NCHW. */
export function toNchw(images: Float32Array, side: number): Float32Array {
  const pixels = side * side;
  const out = new Float32Array(images.length);
  for (let image = 0; image < images.length; image += 3 * pixels) {
    for (let c = 0; c < 3; c++) {
      for (let i = 0; i < pixels; i++) out[image + c * pixels + i] = images[image + 3 * i + c];
    }
  }
  return out;
}

/** Returns the largest difference between two lists of values; infinite if their lengths differ. */
export function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return a.reduce((largest, value, i) => {
    const difference = Math.abs(value - b[i]);
    return difference <= largest ? largest : difference;
  }, 0);
}
