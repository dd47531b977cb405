import * as tf from '@tensorflow/tfjs-core';
import { matMul, relu } from '@unitsphere/ops';
import type { Cost } from './cases.js';
import { timeRepeated } from './time-repeated.js';

/** What the machine can do at most, by its own measure: the best of several. */
export interface Limits {
  /** Floating-point operations a second of a 1024³ matrix product of ours. */
  flopsPerSecond: number;
  /** Bytes read and written a second by a copy of memory of that size: small ones stay in the caches. */
  bandwidth: { bytes: number; bytesPerSecond: number }[];
}

const MATRIX = 1024;
const COPIES = [2 ** 18, 2 ** 20, 2 ** 22, 2 ** 24, 2 ** 26, 2 ** 28];

/** Measures the limits of the current backend. */
export async function measureLimits(repetitions: number): Promise<Limits> {
  const bandwidth: Limits['bandwidth'] = [];
  for (const bytes of COPIES) {
    bandwidth.push({ bytes, bytesPerSecond: (2 * bytes) / (await copySeconds(bytes, repetitions)) });
  }
  return { flopsPerSecond: await matrixSpeed(repetitions), bandwidth };
}

/** Milliseconds below which an operation of that cost cannot be done: the memory's or the arithmetic's time, the longer. */
export function bound({ bytes, flops }: Cost, { flopsPerSecond, bandwidth }: Limits): number {
  const distance = (entry: { bytes: number }) => Math.abs(Math.log(entry.bytes / bytes));
  const nearest = bandwidth.reduce((best, entry) => (distance(entry) < distance(best) ? entry : best));
  return 1000 * Math.max(bytes / nearest.bytesPerSecond, flops / flopsPerSecond);
}

async function matrixSpeed(repetitions: number): Promise<number> {
  const [a, b] = [tf.randomUniform([MATRIX, MATRIX], -1, 1), tf.randomUniform([MATRIX, MATRIX], -1, 1)];
  const times = await timeRepeated(() => matMul(a as tf.Tensor2D, b as tf.Tensor2D), repetitions);
  tf.dispose([a, b]);
  return (2 * MATRIX ** 3) / (Math.min(...times) / 1000);
}

async function copySeconds(bytes: number, repetitions: number): Promise<number> {
  const values = bytes / Float32Array.BYTES_PER_ELEMENT;
  if (tf.getBackend() === 'webgpu') {
    const x = tf.randomUniform([values], -1, 1);
    const times = await timeRepeated(() => relu(x), repetitions);
    x.dispose();
    return Math.min(...times) / 1000;
  }
  // The engine's own memory copy, a little to the left: each line is read and written once, and none in vain.
  const memory = new Float32Array(values).fill(1);
  const times = await timeRepeated(() => {
    memory.copyWithin(0, 16);
    return undefined;
  }, repetitions);
  return Math.min(...times) / 1000;
}
