import * as tf from '@tensorflow/tfjs-core';
import { matMul, relu } from '@unitsphere/ops';
import type { Cost } from './cases.js';
import { timeRepeated } from './time-repeated.js';

/** Measured limits of the machine, each the best of several measurements. */
export interface Limits {
  /** Floating-point operations per second of our 1024×1024×1024 matrix product. */
  flopsPerSecond: number;
  /** Bytes read and written per second by copies of several sizes. Small copies stay in the caches. */
  bandwidth: { bytes: number; bytesPerSecond: number }[];
}

const MATRIX = 1024;
const COPIES = [2 ** 18, 2 ** 20, 2 ** 22, 2 ** 24, 2 ** 26, 2 ** 28];

/** Measures the limits of the machine on the current backend. */
export async function measureLimits(repetitions: number): Promise<Limits> {
  const bandwidth: Limits['bandwidth'] = [];
  for (const bytes of COPIES) {
    bandwidth.push({ bytes, bytesPerSecond: (2 * bytes) / (await measureCopy(bytes, repetitions)) });
  }
  return { flopsPerSecond: await measureFlops(repetitions), bandwidth };
}

/** Returns the minimum time of an operation in milliseconds: the time of its memory access or of its arithmetic, if longer. */
export function computeBound({ bytes, flops }: Cost, { flopsPerSecond, bandwidth }: Limits): number {
  const distance = (entry: { bytes: number }) => Math.abs(Math.log(entry.bytes / bytes));
  const nearest = bandwidth.reduce((best, entry) => (distance(entry) < distance(best) ? entry : best));
  return 1000 * Math.max(bytes / nearest.bytesPerSecond, flops / flopsPerSecond);
}

async function measureFlops(repetitions: number): Promise<number> {
  const [a, b] = [tf.randomUniform([MATRIX, MATRIX], -1, 1), tf.randomUniform([MATRIX, MATRIX], -1, 1)];
  const times = await timeRepeated(() => matMul(a as tf.Tensor2D, b as tf.Tensor2D), repetitions);
  tf.dispose([a, b]);
  return (2 * MATRIX ** 3) / (Math.min(...times) / 1000);
}

/** Returns the seconds that a copy takes. */
async function measureCopy(bytes: number, repetitions: number): Promise<number> {
  const values = bytes / Float32Array.BYTES_PER_ELEMENT;
  if (tf.getBackend() === 'webgpu') {
    const x = tf.randomUniform([values], -1, 1);
    const times = await timeRepeated(() => relu(x), repetitions);
    x.dispose();
    return Math.min(...times) / 1000;
  }
  // A native copy that shifts the memory by one cache line, so that each line is read and written once.
  const memory = new Float32Array(values).fill(1);
  const times = await timeRepeated(() => {
    memory.copyWithin(0, 16);
    return undefined;
  }, repetitions);
  return Math.min(...times) / 1000;
}
