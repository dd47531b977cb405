import * as tf from '@tensorflow/tfjs-core';
import type { EmbeddingModel } from '@unitsphere/embedder';
import { countMultiplyAdds } from '@unitsphere/ops';

/** The cost of shipping an embedding model. */
export interface ModelCost {
  /** Multiply-accumulates of the convolutions and matrix products for one image. */
  multiplyAdds: number;
  /** Bytes of its state dict: the size of a download. */
  modelBytes: number;
}

/** Measures a model's cost by one forward pass on the current backend. */
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
