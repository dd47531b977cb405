import * as tf from '@tensorflow/tfjs-core';

/**
 * Replaces every kernel that is registered for a backend by one that runs it. Our kernels register on first use, so run the model
 * once before.
 * @param wrap Returns the function to register, given a kernel's name and its own function.
 * @returns A function that restores the kernels.
 */
export function wrapKernels(
  backendName: string,
  wrap: (name: string, run: tf.KernelFunc) => tf.KernelFunc,
): () => void {
  const original = tf.getKernelsForBackend(backendName);
  const put = (kernel: tf.KernelConfig) => {
    tf.unregisterKernel(kernel.kernelName, backendName);
    tf.registerKernel(kernel);
  };
  for (const config of original) put({ ...config, kernelFunc: wrap(config.kernelName, config.kernelFunc) });
  return () => original.forEach(put);
}
