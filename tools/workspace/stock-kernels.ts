/** Runs models on stock TensorFlow.js kernels in place of ours: what benchmarks compare with. */
import * as tf from '@tensorflow/tfjs-core';

interface OpKernel extends tf.KernelConfig {
  /** The operation in stock operations; see packages/ops/src/define-op.ts. */
  composition?: tf.KernelFunc;
}

/**
 * Puts the composition of stock operations in the place of every kernel of ours that is registered for a backend. Ours
 * register themselves at their first use: run the model once before.
 * @returns A function that puts ours back.
 * @throws Error where none of ours is registered yet.
 */
export function useStockKernels(backendName: string): () => void {
  const ours = (tf.getKernelsForBackend(backendName) as OpKernel[]).filter(
    ({ kernelFunc, composition }) => composition && composition !== kernelFunc,
  );
  if (ours.length === 0) {
    throw new Error(`No kernel of ours is registered for ${backendName} yet: run the model once first.`);
  }
  const put = (kernels: tf.KernelConfig[]) => {
    for (const kernel of kernels) {
      tf.unregisterKernel(kernel.kernelName, backendName);
      tf.registerKernel(kernel);
    }
  };
  put(ours.map((kernel) => ({ ...kernel, kernelFunc: kernel.composition! })));
  return () => put(ours);
}
