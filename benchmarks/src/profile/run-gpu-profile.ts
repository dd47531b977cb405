import { useBackend } from '@unitsphere/backends';
import { describeMachine, type Machine } from '../measure/machine.js';
import { startTraining } from '../step/start-training.js';
import type { Workload } from '../step/workload.js';
import { countGpuCommands, type GpuCommands, type KernelCommands } from './gpu-commands.js';
import { computeBestTime, GRAPHICS_CARDS } from './graphics-cards.js';

/** A kernel's work in a step, and the least milliseconds that the named card needs for it. */
export interface GpuKernel extends KernelCommands {
  workMilliseconds: number;
  launchMilliseconds: number;
}

/** The report of `bench profile --backend webgpu`. */
export interface GpuProfileReport extends Omit<GpuCommands, 'kernels'> {
  benchmark: 'gpu-profile';
  date: string;
  machine: Machine;
  workload: Workload;
  steps: number;
  card: string;
  launchMicroseconds: number;
  /** Means per step, the kernel with the largest launch cost first. */
  kernels: GpuKernel[];
}

/** Counts the commands of a training step on `webgpu`, and computes the least time that a card needs for them. */
export async function runGpuProfile(
  workload: Workload,
  { steps, card, launchMicroseconds }: { steps: number; card: string; launchMicroseconds: number },
  log: (message: string) => void = () => undefined,
): Promise<GpuProfileReport> {
  await useBackend('webgpu');
  const training = await startTraining(workload, 'webgpu', 1);
  try {
    log('warming up');
    // Kernels register at their first use; the optimizer creates its state in the first step.
    for (let i = 0; i < 2; i++) await training.step();
    const counter = countGpuCommands();
    try {
      for (let i = 0; i < steps; i++) {
        await training.step();
        log(`${i + 1} of ${steps} steps`);
      }
    } finally {
      counter.stop();
    }
    const { kernels, submits, readBacks, writes } = counter.read();
    const rows = kernels.map((counts): GpuKernel => {
      const mean = {
        kernel: counts.kernel,
        calls: counts.calls / steps,
        dispatches: counts.dispatches / steps,
        bytes: counts.bytes / steps,
        flops: counts.flops / steps,
      };
      const { work, launches } = computeBestTime(mean, GRAPHICS_CARDS[card], launchMicroseconds);
      return { ...mean, workMilliseconds: work, launchMilliseconds: launches };
    });
    const cost = (row: GpuKernel) => row.launchMilliseconds + row.workMilliseconds;
    rows.sort((a, b) => cost(b) - cost(a));
    return {
      benchmark: 'gpu-profile',
      date: new Date().toISOString(),
      machine: describeMachine(),
      workload,
      steps,
      card,
      launchMicroseconds,
      kernels: rows,
      submits: submits / steps,
      readBacks: readBacks / steps,
      writes: writes / steps,
    };
  } finally {
    await training.stop();
  }
}
