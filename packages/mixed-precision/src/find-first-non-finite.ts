import * as tf from '@tensorflow/tfjs-core';
import { countNonFinite } from '@unitsphere/ops';

/** An operation that gave infinities or NaN. */
export interface NonFiniteOperation {
  /** Its kernel's name, such as UnitsphereConv2dBackpropInput. */
  operation: string;
  /** The kernels it is a part of, the outermost first; empty for one that stands by itself. */
  within: string[];
  /** Its place among all operations that ran, from 1. */
  place: number;
  /** How many ran. */
  operations: number;
  inputShapes: number[][];
  outputShape: number[];
  /** How many of the output's values are infinite or NaN. */
  nonFinite: number;
}

interface KernelParams {
  kernelName?: string;
  inputs: { [name: string]: tf.Tensor | tf.Tensor[] | null | undefined };
}

/** The part of TensorFlow.js's engine by which every operation goes. */
interface Engine {
  runKernelFunc(params: KernelParams): tf.Tensor | tf.Tensor[];
}

interface Seen extends Omit<NonFiniteOperation, 'operations'> {
  count: number | tf.Tensor;
}

/**
 * Runs fn and gives the first operation whose result was not finite, gradients included: a debugging pass, several times
 * as slow as fn, which sees every operation on every backend. Of an operation made of others the first of these is named.
 * An input that was not finite before fn began shows at the first operation that passes it on.
 * @param fn Runs the operations, on the current backend: not async. A tensor that it returns is disposed.
 * @returns undefined where every result was finite.
 * @throws What fn throws; TypeError where it returns a promise.
 */
export async function findFirstNonFinite(fn: () => unknown): Promise<NonFiniteOperation | undefined> {
  const engine = tf.engine() as unknown as Engine;
  const readsLater = tf.getBackend() === 'webgpu';
  const original = engine.runKernelFunc;
  const seen: Seen[] = [];
  const running: string[] = [];
  let place = 0;
  let found = false;
  let checking = false;
  engine.runKernelFunc = (params) => {
    // The engine clones what gradients need, before the operation that made it has returned.
    if (checking || params.kernelName === tf.Identity) return original.call(engine, params);
    const operation = params.kernelName ?? 'an operation with a gradient of its own';
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
        // Where values arrive later all must be kept: which of them is the first is known at the end.
        found ||= !readsLater;
        seen.push({
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
      throw new TypeError('findFirstNonFinite: fn is async; give it the synchronous part.');
    }
    tf.dispose(returned as tf.TensorContainer);
  } catch (error) {
    tf.dispose(seen.map(({ count }) => count));
    throw error;
  } finally {
    engine.runKernelFunc = original;
  }
  const counts = await Promise.all(
    seen.map(async ({ count }) => (typeof count === 'number' ? count : (await count.data())[0])),
  );
  tf.dispose(seen.map(({ count }) => count));
  const first = counts.findIndex((count) => count > 0);
  if (first < 0) return undefined;
  const { count: _, ...operation } = seen[first];
  return { ...operation, nonFinite: counts[first], operations: place };
}

/** The same in a sentence's words. */
export function describeNonFinite(found: NonFiniteOperation): string {
  const { operation, within, place, operations, inputShapes, outputShape, nonFinite } = found;
  const shapes = inputShapes.map((shape) => `[${shape}]`).join(' and ');
  const size = outputShape.reduce((a, b) => a * b, 1);
  return `${operation}${within.length > 0 ? ` in ${within.join(' in ')}` : ''} (operation ${place} of ${operations}) of ${shapes || 'nothing'}: ${nonFinite} of ${size} values are infinite or NaN`;
}
