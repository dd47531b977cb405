import * as tf from '@tensorflow/tfjs-core';
import { countMultiplyAdds } from '@unitsphere/ops';
import type { Backbone } from './backbone.js';

/** Size and cost of a backbone. */
export interface BackboneCost {
  /** Number of trainable values. */
  parameters: number;
  /** Multiply-accumulates of the convolutions and matrix products for one image. */
  multiplyAdds: number;
}

/**
 * Measures the cost of a forward pass for one image. It runs the backbone on an image of zeros on the current backend.
 * @param inputSize Height and width in pixels, or [height, width].
 */
export function measureBackbone(backbone: Backbone, inputSize: number | [number, number]): BackboneCost {
  const [height, width] = typeof inputSize === 'number' ? [inputSize, inputSize] : inputSize;
  const { training } = backbone;
  backbone.eval();
  try {
    const multiplyAdds = countMultiplyAdds(() =>
      tf.tidy(() => {
        backbone.features(tf.zeros([1, height, width, backbone.inChannels]));
      }),
    );
    return { parameters: backbone.parameterCount(), multiplyAdds };
  } finally {
    backbone.train(training);
  }
}
