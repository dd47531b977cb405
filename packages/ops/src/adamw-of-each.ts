import * as tf from '@tensorflow/tfjs-core';
import { defineOp } from './define-op.js';
import { type AdamWEachFactors, type AdamWEachInputs, adamWInputsAt } from './optimizer-attrs.js';
import {
  type AdamWStep,
  adamWFactors,
  adamWUpdate,
  assignAdamW,
  checkLike,
  composeAdamW,
} from './optimizer-updates.js';
import { adamWEachTensorFlow } from './tensorflow/adamw-of-each.js';
import { adamWEachWebGpu } from './webgpu/adamw.js';

/** A parameter of {@link adamWUpdateEach}. */
export interface AdamWParameter {
  /** float32 of any shape; assigned. */
  parameter: tf.Variable;
  /** float32, the parameter's shape; not disposed. */
  gradient: tf.Tensor;
  /** float32, the parameter's shape: running mean of gradients; assigned. */
  expAvg: tf.Variable;
  /** float32, the parameter's shape: running mean of squared gradients; assigned. */
  expAvgSq: tf.Variable;
  step: AdamWStep;
}

// A kernel that updates the means in place returns the parameters only.
const op = /* @__PURE__ */ defineOp<AdamWEachInputs, AdamWEachFactors>({
  name: 'UnitsphereAdamWOfEach',
  compose: (inputs, { factors }) => factors.flatMap((one, i) => composeAdamW(adamWInputsAt(inputs, i), one)),
  kernels: { webgpu: adamWEachWebGpu, tensorflow: adamWEachTensorFlow },
});

/**
 * Takes one step of AdamW for each parameter of a network, as {@link adamWUpdate} does for one. On WebGPU, one dispatch updates several
 * parameters; on TensorFlow's library, one compiled function updates all.
 * @throws Error if a shape or dtype differs; nothing is changed then.
 */
export function adamWUpdateEach(parameters: readonly AdamWParameter[]): void {
  for (const { parameter, step: _, ...tensors } of parameters) {
    checkLike('adamWUpdateEach', parameter, tensors);
  }
  // Elsewhere a call costs little, and updates the means in place.
  if (!['webgpu', 'tensorflow'].includes(tf.getBackend())) {
    for (const { parameter, gradient, expAvg, expAvgSq, step } of parameters) {
      adamWUpdate(parameter, gradient, expAvg, expAvgSq, step);
    }
    return;
  }
  if (parameters.length === 0) return;
  tf.tidy(() => {
    const inputs = Object.fromEntries(
      parameters.flatMap(({ step: _, ...tensors }, i) =>
        Object.entries(tensors).map(([name, tensor]) => [`${name}${i}`, tensor]),
      ),
    );
    const results = op(inputs, { factors: parameters.map(({ step }) => adamWFactors(step)) });
    const each = results.length / parameters.length;
    for (const [i, variables] of parameters.entries()) {
      assignAdamW(variables, results.slice(i * each, (i + 1) * each));
    }
  });
}
