import * as tf from '@tensorflow/tfjs-core';
import { countNonFinite } from '@unitsphere/ops';

/** An operation whose result contains infinities or NaN. */
export interface NonFiniteOperation {
  /** Name of the kernel, such as UnitsphereConv2dBackpropInput. */
  operation: string;
  /** Names of the kernels that called it, outermost first; empty for a top-level operation. */
  within: string[];
  /** Position among all operations that ran, counted from 1. */
  place: number;
  /** Number of operations that ran. */
  operations: number;
  inputShapes: number[][];
  outputShape: number[];
  /** Number of output values that are infinite or NaN. */
  nonFinite: number;
}

interface KernelParams {
  kernelName?: string;
  inputs: { [name: string]: tf.Tensor | tf.Tensor[] | null | undefined };
}

/** The part of TensorFlow.js's engine that every operation passes through. */
interface Engine {
  runKernelFunc(params: KernelParams): tf.Tensor | tf.Tensor[];
}

interface Candidate extends Omit<NonFiniteOperation, 'operations'> {
  count: number | tf.Tensor;
}

/**
 * Runs fn and returns the first operation whose result is not finite, gradients included. This is a debugging tool: it
 * inspects every operation on every backend and is several times slower than fn. For a composite operation it names the
 * first part that is not finite. An input that is not finite is attributed to the first operation that passes it on.
 * @param fn Synchronous function that runs the operations on the current backend. A tensor that it returns is disposed.
 * @returns undefined if every result is finite.
 * @throws Any error of fn; TypeError if fn returns a promise.
 */
export async function findFirstNonFinite(fn: () => unknown): Promise<NonFiniteOperation | undefined> {
  const engine = tf.engine() as unknown as Engine;
  // WebGPU has no synchronous reads.
  const readsLater = tf.getBackend() === 'webgpu';
  const original = engine.runKernelFunc;
  const candidates: Candidate[] = [];
  const running: string[] = [];
  let place = 0;
  let found = false;
  let checking = false;
  engine.runKernelFunc = (params) => {
    // Skips the clones that the engine makes for gradients before the operation has returned.
    if (checking || params.kernelName === tf.Identity) return original.call(engine, params);
    const operation = params.kernelName ?? 'an operation with a custom gradient';
    const inputShapes = Object.values(params.inputs)
      .flat()
      .flatMap((input) => (input ? [input.shape.slice()] : []));
    running.push(operation);
    let result: tf.Tensor | tf.Tensor[];
    try {
      result = original.call(engine, params);
    } finally {
      running.pop();
    }
    place++;
    if (found) return result;
    checking = true;
    try {
      for (const output of [result].flat()) {
        if (output.dtype !== 'float32') continue;
        const counted = countNonFinite(output);
        const count = readsLater ? tf.keep(counted) : counted.dataSync()[0];
        if (!readsLater) counted.dispose();
        if (count === 0) continue;
        // With asynchronous reads, keep every count: the first non-finite one is known only at the end.
        found ||= !readsLater;
        candidates.push({
          operation,
          within: [...running],
          place,
          inputShapes,
          outputShape: output.shape.slice(),
          nonFinite: 0,
          count,
        });
      }
    } finally {
      checking = false;
    }
    return result;
  };
  try {
    const returned = fn();
    if (typeof (returned as { then?: unknown } | undefined)?.then === 'function') {
      throw new TypeError('findFirstNonFinite: fn is async; pass a synchronous function.');
    }
    tf.dispose(returned as tf.TensorContainer);
  } catch (error) {
    tf.dispose(candidates.map(({ count }) => count));
    throw error;
  } finally {
    engine.runKernelFunc = original;
  }
  const counts = await Promise.all(
    candidates.map(async ({ count }) => (typeof count === 'number' ? count : (await count.data())[0])),
  );
  tf.dispose(candidates.map(({ count }) => count));
  const first = counts.findIndex((count) => count > 0);
  if (first < 0) return undefined;
  const { count: _, ...operation } = candidates[first];
  return { ...operation, nonFinite: counts[first], operations: place };
}

/** Describes the operation in one sentence. */
export function describeNonFinite(found: NonFiniteOperation): string {
  const { operation, within, place, operations, inputShapes, outputShape, nonFinite } = found;
  const shapes = inputShapes.map((shape) => `[${shape}]`).join(' and ');
  const size = outputShape.reduce((a, b) => a * b, 1);
  return `${operation}${within.length > 0 ? ` in ${within.join(' in ')}` : ''} (operation ${place} of ${operations}) of ${shapes || 'nothing'}: ${nonFinite} of ${size} values are infinite or NaN`;
}
