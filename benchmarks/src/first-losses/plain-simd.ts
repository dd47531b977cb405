/** For `node --import`: our WebAssembly kernels without fused multiply-add, also where the engine has it. */
import * as tf from '@tensorflow/tfjs-core';

tf.env().registerFlag('UNITSPHERE_RELAXED_SIMD', () => false);
