import * as tf from '@tensorflow/tfjs-core';
import { countMultiplyAdds } from '@unitsphere/ops';
import type { EmbeddingModel } from './embedding-model.js';

/** What an embedding model costs who ships it. */
export interface ModelCost {
  /** Multiply-accumulates of the convolutions and matrix products for one image. */
  multiplyAdds: number;
  /** Bytes of its state dict: what a download takes. */
  modelBytes: number;
}

/** Counted while one image of zeros goes through it on the current backend. */
export async function modelCost(model: EmbeddingModel, imageSize: number): Promise<ModelCost> {
  const { training } = model;
  model.eval();
  try {
    const multiplyAdds = countMultiplyAdds(() =>
      tf.tidy(() => {
        model.forward(tf.zeros([1, imageSize, imageSize, 3]));
      }),
    );
    const state = await model.stateDict();
    const modelBytes = [...state.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
    return { multiplyAdds, modelBytes };
  } finally {
    model.train(training);
  }
}
