import * as tf from '@tensorflow/tfjs-core';
import { checkFinite, type Module } from '@unitsphere/core';
import { type Trace, traceForward } from '@unitsphere/inference';
import { l2Normalize } from '@unitsphere/ops';
import { OnnxExportError } from '../errors.js';

/** Number of traced images: more than one, so that the axis of the batch is recognized. */
export const TRACED_BATCH = 2;

/** The parts of an embedding network, which run one after another. */
export interface EmbeddingModules {
  /** Maps images float32 [batch, height, width, channels] to feature maps. */
  backbone: Module<tf.Tensor4D, tf.Tensor4D>;
  /** Maps feature maps to features [batch, features]. */
  neck: Module<tf.Tensor4D, tf.Tensor2D>;
  /** Maps features to embeddings [batch, size], which the export scales to unit length. */
  head: Module<tf.Tensor2D, tf.Tensor2D>;
}

/**
 * Traces a network and the scaling to unit length on images of zeros.
 * @param shape Shape of the images, NHWC, of {@link TRACED_BATCH} images.
 * @throws NonFiniteError if a weight is NaN or infinite.
 * @throws OnnxExportError if the network is in training mode.
 */
export async function traceNetwork(
  { backbone, neck, head }: EmbeddingModules,
  shape: [number, number, number, number],
): Promise<Trace> {
  const modules = { backbone, neck, head } as unknown as Record<keyof EmbeddingModules, Module>;
  for (const [part, module] of Object.entries(modules)) {
    if (module.training) {
      throw new OnnxExportError(`The model's ${part} is in training mode. Call eval() before the export.`);
    }
    checkFinite(await module.stateDict(`${part}.`), 'the model');
  }
  const x = tf.zeros<tf.Rank.R4>(shape);
  try {
    return await traceForward(modules, x, (images) =>
      l2Normalize(head.forward(neck.forward(backbone.forward(images as tf.Tensor4D)))),
    );
  } finally {
    x.dispose();
  }
}
