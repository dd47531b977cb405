import * as tf from '@tensorflow/tfjs-core';
import { Linear, Random, Sequential } from '@unitsphere/core';
import { LayerNorm } from '@unitsphere/norms';
import { fill } from '@unitsphere/testing/operation-case';
import type { Check } from '../check.js';
import { SmallTrainer } from './small-trainer.js';

const STEPS = 200;
/** Steps that fill pools and caches. */
const SETTLING = 50;
/** Steps between measurements. */
const LOOK_EVERY = 50;

/** Measures the memory of the current backend. */
function measureMemory(): Record<string, number> {
  const { numTensors, numDataBuffers, numBytes, ...rest } = tf.memory() as tf.MemoryInfo & {
    numBytesAllocatedInGPU?: number;
  };
  const figures: Record<string, number> = { tensors: numTensors, buffers: numDataBuffers, bytes: numBytes };
  if (rest.numBytesAllocatedInGPU !== undefined) figures['bytes on the GPU'] = rest.numBytesAllocatedInGPU;
  const { wasm, binding } = tf.backend() as {
    wasm?: { asm: { memory: WebAssembly.Memory } };
    binding?: { getNumOfTensors(): number };
  };
  if (wasm) figures['bytes of the WebAssembly heap'] = wasm.asm.memory.buffer.byteLength;
  if (binding) figures['tensors of the library'] = binding.getNumOfTensors();
  return figures;
}

/** Tensors, their bytes and the backend's allocations must not grow over many steps. */
export const memoryChecks: Check[] = [
  {
    group: 'memory',
    subject: 'memory',
    name: `memory: flat over ${STEPS} training steps`,
    async verify() {
      const random = new Random(1, 'contract', 'memory');
      const trainer = new SmallTrainer({
        model: new Sequential(new Linear(12, 8, { random }), new LayerNorm(8)),
        classes: 11,
        dimensions: 8,
      });
      try {
        let settled: Record<string, number> = {};
        for (let step = 1; step <= STEPS; step++) {
          const batch = tf.tensor2d(fill(6 * 12, step), [6, 12]);
          const labels = Int32Array.from({ length: 6 }, (_, i) => (i + step) % 11);
          const loss = await trainer.step(batch, labels, 1e-3);
          batch.dispose();
          if (!Number.isFinite(loss)) return [`the loss of step ${step} is ${loss}`];
          if (step < SETTLING || step % LOOK_EVERY) continue;
          const now = measureMemory();
          if (step === SETTLING) settled = now;
          const grown = Object.entries(now).filter(([name, figure]) => figure !== settled[name]);
          if (grown.length > 0) {
            return grown.map(
              ([name, figure]) =>
                `${name}: ${settled[name]} after ${SETTLING} steps, ${figure} after ${step}`,
            );
          }
        }
        return [];
      } finally {
        trainer.dispose();
      }
    },
  },
];
