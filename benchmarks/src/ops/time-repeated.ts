import * as tf from '@tensorflow/tfjs-core';

/** Approximate length of a measurement, which repeats the operation as often as needed. */
const MEASUREMENT_MS = 40;

/** Returns the milliseconds of one call of f for each of `repetitions` measurements. A measurement is a mean of many calls. */
export async function timeRepeated(
  f: () => tf.TensorContainer | undefined,
  repetitions: number,
): Promise<number[]> {
  const calls = await countCalls(f);
  const times: number[] = [];
  for (let i = 0; i < repetitions; i++) times.push(await timeCalls(f, calls));
  return times;
}

/** Returns the number of calls of f in one measurement. Also warms f up. */
export async function countCalls(f: () => tf.TensorContainer | undefined): Promise<number> {
  let calls = 1;
  for (;;) {
    const took = calls * (await timeCalls(f, calls));
    if (took >= MEASUREMENT_MS) return Math.max(1, Math.round((calls * MEASUREMENT_MS) / took));
    calls *= 2;
  }
}

/** Returns the mean milliseconds of one of `calls` calls of f, measured until the device has completed all of them. */
export async function timeCalls(f: () => tf.TensorContainer | undefined, calls: number): Promise<number> {
  const device = tf.getBackend() === 'webgpu';
  const now = device ? () => performance.now() : readProcessorMilliseconds;
  const start = now();
  for (let i = 0; i < calls; i++) tf.dispose(f() ?? []);
  if (device) await waitForDevice();
  return (now() - start) / calls;
}

/** Returns the processor time of this process in milliseconds, which other processes affect little. */
function readProcessorMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * Submits all pending commands and waits until the device has completed them. Reading a small tensor instead would not work,
 * because the backend computes it on the CPU.
 */
async function waitForDevice(): Promise<void> {
  const backend = tf.backend() as unknown as {
    device: { queue: { onSubmittedWorkDone(): Promise<void> } };
    commandEncoder: object | null;
    endComputePassEncoder(): void;
    submitQueue(): void;
  };
  if (backend.commandEncoder) {
    // Our kernels leave the compute pass open for the next kernel.
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
  await backend.device.queue.onSubmittedWorkDone();
}
