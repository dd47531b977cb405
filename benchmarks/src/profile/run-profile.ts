import * as tf from '@tensorflow/tfjs-core';
import { useBackend } from '@unitsphere/backends';
import { describeMachine, type Machine } from '../measure/machine.js';
import { OtherWork } from '../measure/other-work.js';
import { type Summary, summarize } from '../measure/statistics.js';
import { startTraining } from '../step/start-training.js';
import type { Workload } from '../step/workload.js';
import { clockKernels, type KernelTime } from './kernel-clock.js';

/** The report of `bench profile`. */
export interface ProfileReport {
  benchmark: 'profile';
  date: string;
  machine: Machine;
  workload: Workload;
  /** The trainer's name of the backend. */
  backend: string;
  steps: number;
  /** Wall-clock time of a step, including the clocks. */
  stepMilliseconds: Summary;
  /** Means per step, the slowest kernel first. */
  kernels: KernelTime[];
  /** Mean time per step outside kernels: the gradient tape, shapes, the copy of the images, garbage collection. */
  outsideMilliseconds: number;
  /** Cores that other processes kept busy. */
  coresOfOthers: number;
}

/** Backends whose kernels end before their call returns, so that a clock around the call measures them. */
export const PROFILED_BACKENDS = ['wasm', 'node', 'cpu'] as const;

/** A backend of {@link PROFILED_BACKENDS}. */
export type ProfiledBackend = (typeof PROFILED_BACKENDS)[number];

/** Steps before clocking, in which kernels register and the engine compiles. */
const WARM_UP = 10;

/** Measures the time of each kernel in a training step with one replica, on a backend that runs kernels synchronously. */
export async function runProfile(
  workload: Workload,
  backend: ProfiledBackend,
  steps: number,
  log: (message: string) => void = () => undefined,
): Promise<ProfileReport> {
  // Read at the first kernel: a kernel on TensorFlow's library then ends before its call returns.
  process.env['UNITSPHERE_TENSORFLOW_QUEUE'] = '0';
  await useBackend(backend);
  const training = await startTraining(workload, backend, 1);
  try {
    log('warming up');
    for (let i = 0; i < WARM_UP; i++) await training.step();
    const clock = clockKernels(tf.getBackend());
    const others = new OtherWork();
    const cpuBefore = process.cpuUsage();
    const milliseconds: number[] = [];
    try {
      for (let i = 0; i < steps; i++) {
        const start = performance.now();
        await training.step();
        milliseconds.push(performance.now() - start);
        log(`${i + 1} of ${steps} steps`);
      }
    } finally {
      clock.stop();
    }
    const { user, system } = process.cpuUsage(cpuBefore);
    const kernels = clock.read().map(
      (time): KernelTime => ({
        kernel: time.kernel,
        calls: time.calls / steps,
        milliseconds: time.milliseconds / steps,
        bytes: time.bytes / steps,
        flops: time.flops / steps,
      }),
    );
    kernels.sort((a, b) => b.milliseconds - a.milliseconds);
    const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
    return {
      benchmark: 'profile',
      date: new Date().toISOString(),
      machine: describeMachine(),
      workload,
      backend,
      steps,
      stepMilliseconds: summarize(milliseconds),
      kernels,
      outsideMilliseconds: sum(milliseconds) / steps - sum(kernels.map((kernel) => kernel.milliseconds)),
      coresOfOthers: others.cores((user + system) / 1000),
    };
  } finally {
    await training.stop();
  }
}
