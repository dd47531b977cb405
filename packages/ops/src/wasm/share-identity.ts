import * as tf from '@tensorflow/tfjs-core';

interface CountedBackend {
  incRef(dataId: object): void;
}

/**
 * Replaces the WASM backend's Identity kernel, which copies, by one that shares the data and counts the reference, as in
 * all other backends. TensorFlow.js clones each tensor that a gradient needs, so a training step would copy all activations.
 */
export function shareIdentity(): void {
  const stock = tf.getKernel(tf.Identity, 'wasm');
  if (!stock) return;
  tf.unregisterKernel(tf.Identity, 'wasm');
  tf.registerKernel({
    ...stock,
    kernelFunc: (args) => {
      const { x } = args.inputs as { x: tf.TensorInfo };
      if (x.dtype === 'string') return stock.kernelFunc(args);
      (args.backend as CountedBackend).incRef(x.dataId);
      return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
    },
  });
}
