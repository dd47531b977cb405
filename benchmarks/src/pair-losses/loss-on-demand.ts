/** Process of our contender: computes losses and their gradients on request of the runner. */
import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '@unitsphere/backends';
import { matMul } from '@unitsphere/ops';
import { setMatMul } from '@unitsphere/pair-losses';
import { serve } from '../contender/serve.js';
import { startLoss } from './start-loss.js';
import type { PairLossRow } from './workload.js';

await serve(
  async () => {
    const { name } = await useBackend('wasm');
    setMatMul(matMul);
    return { backend: name, tfjs: tf.version_core };
  },
  (workload) => startLoss(workload as unknown as PairLossRow),
);
