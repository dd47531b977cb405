import * as tf from '@tensorflow/tfjs-core';

/** A measurement runs the operation so often that it takes about so long. */
const MEASUREMENT_MS = 40;

/** Milliseconds of one call of f, as many measurements as asked for; each is the mean of enough calls to be told apart. */
export async function timeRepeated(
  f: () => tf.TensorContainer | undefined,
  repetitions: number,
): Promise<number[]> {
  const calls = await callsPerMeasurement(f);
  const times: number[] = [];
  for (let i = 0; i < repetitions; i++) times.push(await timeCalls(f, calls));
  return times;
}

/** How many calls of f make one measurement; also warms f up. */
export async function callsPerMeasurement(f: () => tf.TensorContainer | undefined): Promise<number> {
  let calls = 1;
  for (;;) {
    const took = calls * (await timeCalls(f, calls));
    if (took >= MEASUREMENT_MS) return Math.max(1, Math.round((calls * MEASUREMENT_MS) / took));
    calls *= 2;
  }
}

/** Milliseconds of one of so many calls of f, until the device has done all of them. */
export async function timeCalls(f: () => tf.TensorContainer | undefined, calls: number): Promise<number> {
  const device = tf.getBackend() === 'webgpu';
  const now = device ? () => performance.now() : processorMilliseconds;
  const begun = now();
  for (let i = 0; i < calls; i++) tf.dispose(f() ?? []);
  if (device) await deviceIdle();
  return (now() - begun) / calls;
}

/** Of this process: where a kernel runs on the calling thread, time that other work took does not count. */
function processorMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Hands the device what is still gathered for it and waits until all is done. A small value asked for would not do: the backend computes it here. */
async function deviceIdle(): Promise<void> {
  const backend = tf.backend() as unknown as {
    device: { queue: { onSubmittedWorkDone(): Promise<void> } };
    commandEncoder: object | null;
    endComputePassEncoder(): void;
    submitQueue(): void;
  };
  if (backend.commandEncoder) {
    // Kernels of ours leave the pass open for the next one.
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
  await backend.device.queue.onSubmittedWorkDone();
}
