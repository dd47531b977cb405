import { useBackend } from '@unitsphere/backends';
import { describeMachine, type Machine } from '../measure/machine.js';
import { OtherWork } from '../measure/other-work.js';
import { type Summary, summarize } from '../measure/statistics.js';
import { startTraining } from '../step/unitsphere-step.js';
import type { Workload } from '../step/workload.js';
import { clockKernels, type KernelTime } from './kernel-clock.js';

/** What `bench profile` writes. */
export interface ProfileReport {
  benchmark: 'profile';
  date: string;
  machine: Machine;
  workload: Workload;
  steps: number;
  /** Wall-clock time of a step, clocks running. */
  stepMilliseconds: Summary;
  /** Of one step: the longest first. */
  kernels: KernelTime[];
  /** What is no kernel's: the tape, shapes, the images' copy, garbage. A mean, as the kernels'. */
  outsideMilliseconds: number;
  coresOfOthers: number;
}

/** Steps before the clocks: kernels register, the engine compiles. */
const WARM_UP = 10;

/** Where the milliseconds of a training step go on the `wasm` backend, one replica. */
export async function runProfile(
  workload: Workload,
  steps: number,
  say: (message: string) => void = () => undefined,
): Promise<ProfileReport> {
  await useBackend('wasm');
  const training = await startTraining(workload, 'wasm', 1);
  try {
    say('warming up');
    for (let i = 0; i < WARM_UP; i++) await training.step();
    const clock = clockKernels('wasm');
    const others = new OtherWork();
    const cpuBefore = process.cpuUsage();
    const milliseconds: number[] = [];
    try {
      for (let i = 0; i < steps; i++) {
        const begun = performance.now();
        await training.step();
        milliseconds.push(performance.now() - begun);
        say(`${i + 1} of ${steps} steps`);
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
