import type * as tf from '@tensorflow/tfjs-core';
import type { Module } from '@unitsphere/core';
import { BatchNorm1d } from './batch-norm.js';
import { BatchNormLayerNorm } from './batch-norm-layer-norm.js';
import { LayerNorm } from './layer-norm.js';
import { LayerNormBatchNorm } from './layer-norm-batch-norm.js';

type VectorModule = Module<tf.Tensor2D, tf.Tensor2D>;

// A new norm is one file and one line here.
const norms = {
  layernorm: (features: number) => new LayerNorm(features) as Module as VectorModule,
  batchnorm: (features: number): VectorModule => new BatchNorm1d(features),
  'layernorm-batchnorm': (features: number): VectorModule => new LayerNormBatchNorm(features),
  'batchnorm-layernorm': (features: number): VectorModule => new BatchNormLayerNorm(features),
};

/** The name of a norm over vectors. */
export type NormName = keyof typeof norms;

/** Returns the name of every norm that `createNorm` knows. */
export function listNorms(): NormName[] {
  return Object.keys(norms) as NormName[];
}

/**
 * Creates a norm by its name: float32 [batch, features] in and out.
 * @throws Error for a name that is not in `listNorms()`.
 */
export function createNorm(name: NormName, features: number): Module<tf.Tensor2D, tf.Tensor2D> {
  if (!Object.hasOwn(norms, name)) {
    throw new Error(`createNorm: there is no norm "${name}". Known: ${listNorms().join(', ')}.`);
  }
  return norms[name](features);
}
