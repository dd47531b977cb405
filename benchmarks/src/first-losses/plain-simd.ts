/** Module for `node --import`: disables fused multiply-add in our WebAssembly kernels, even if the engine supports it. */
import * as tf from '@tensorflow/tfjs-core';

tf.env().registerFlag('UNITSPHERE_RELAXED_SIMD', () => false);
