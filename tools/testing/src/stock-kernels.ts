/** Runs models on stock TensorFlow.js kernels instead of ours, as a reference for benchmarks. */
import * as tf from '@tensorflow/tfjs-core';

interface OpKernel extends tf.KernelConfig {
  /** The operation in stock operations; see packages/ops/src/define-op.ts. */
  composition?: tf.KernelFunc;
}

/**
 * Replaces each of our kernels that is registered for a backend with its composition of stock operations. Our kernels
 * register at their first use, so run the model once before.
 * @returns A function that restores our kernels.
 * @throws Error if none of our kernels is registered yet.
 */
export function useStockKernels(backendName: string): () => void {
  const ours = (tf.getKernelsForBackend(backendName) as OpKernel[]).flatMap((kernel) => {
    const { kernelFunc, composition } = kernel;
    return composition && composition !== kernelFunc ? [{ ...kernel, composition }] : [];
  });
  if (ours.length === 0) {
    throw new Error(`None of our kernels is registered for ${backendName} yet. Run the model once first.`);
  }
  const register = (kernels: tf.KernelConfig[]) => {
    for (const kernel of kernels) {
      tf.unregisterKernel(kernel.kernelName, backendName);
      tf.registerKernel(kernel);
    }
  };
  register(ours.map((kernel) => ({ ...kernel, kernelFunc: kernel.composition })));
  return () => register(ours);
}
