import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';
import { useBackend } from '@unitsphere/backends';
import { type Communicator, serveReplica, withReplicas } from '@unitsphere/collectives';
import { Random } from '@unitsphere/core';
import { parseConfig } from '../src/config/parse-config.js';
import { tell } from '../src/replicas/commands.js';
import { SharedBatch } from '../src/replicas/shared-batch.js';
import { TrainingState } from '../src/step/training-state.js';
import { createTrainingStep } from '../src/step/training-step.js';

// Measures the images per second of the training step on one batch of noise, by number of replicas, and the processor time of
// rank 0's thread by part. Processor time depends little on other work on the machine.
// npm run bench:replicas -w apps/trainer [-- batch classes steps]

interface Settings {
  batch: number;
  classes: number;
  steps: number;
  memory: SharedBatch['memory'];
}

interface Timings {
  millisecondsPerStep: number;
  /** Processor time of the thread per step. */
  processorMilliseconds: number;
  /** Processor time per step by method. */
  parts: Record<string, number>;
}

/** Returns the processor time of this thread so far, in milliseconds. Linux only. */
function readProcessorTime(): number {
  return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6;
}

/** Adds the processor time of an object's methods to `parts`. */
function timeMethods<T extends object>(
  object: T,
  names: (keyof T & string)[],
  parts: Record<string, number>,
) {
  for (const name of names) {
    const method = object[name] as (...args: unknown[]) => unknown;
    (object as Record<string, unknown>)[name] = (...args: unknown[]) => {
      const started = readProcessorTime();
      const add = () => {
        parts[name] = (parts[name] ?? 0) + readProcessorTime() - started;
      };
      const result = method.apply(object, args);
      if (result instanceof Promise) return result.finally(add);
      add();
      return result;
    };
  }
}

async function measure(
  communicator: Communicator,
  { batch, classes, steps, memory }: Settings,
): Promise<Timings> {
  await useBackend('wasm');
  const config = parseConfig('data: { augment: false }');
  const { imageSize } = config.data;
  const parts: Record<string, number> = {};
  timeMethods(communicator, ['allReduce', 'allGather', 'reduceScatter', 'broadcast'], parts);
  const state = new TrainingState(config, classes, communicator);
  if (state.margin) timeMethods(state.margin.centers, ['forwardBackward', 'step'], parts);
  const step = createTrainingStep(config, state);
  const shared = SharedBatch.open(memory, imageSize);
  const random = new Random(0, 'bench');
  const images = Uint8Array.from({ length: batch * imageSize * imageSize * 3 }, () => random.uint32() & 255);
  const labels = Int32Array.from({ length: batch }, () => random.int(classes));
  const run = async (i: number) => {
    if (communicator.rank === 0) shared.write({ images, labels });
    tell(communicator, { name: 'train' });
    const part = shared.part(batch, communicator.rank, communicator.size);
    await step({ step: i, ...part, share: part.labels.length / batch });
  };
  for (let i = 0; i < 8; i++) await run(i);
  for (const name of Object.keys(parts)) parts[name] = 0;
  const times: number[] = [];
  const processorBefore = readProcessorTime();
  for (let i = 0; i < steps; i++) {
    const started = performance.now();
    await run(8 + i);
    times.push(performance.now() - started);
  }
  const processor = readProcessorTime() - processorBefore;
  const perStep = (ms: number) => ms / steps;
  times.sort((x, y) => x - y);
  return {
    millisecondsPerStep: times[steps >> 1],
    processorMilliseconds: perStep(processor),
    parts: Object.fromEntries(Object.entries(parts).map(([name, ms]) => [name, perStep(ms)])),
  };
}

if (isMainThread) {
  const [batch = 64, classes = 1275, steps = 20] = process.argv.slice(2).map(Number);
  const memory = SharedBatch.create(batch, 128).memory;
  const settings: Settings = { batch, classes, steps, memory };
  console.log(
    `batch ${batch}, ${classes} classes, 128 px, median of ${steps} steps; ${cpus()[0]?.model.trim()}`,
  );
  for (const size of [1, 2]) {
    const { millisecondsPerStep, processorMilliseconds, parts } = await withReplicas(
      { size, file: fileURLToPath(import.meta.url), data: () => settings },
      (communicator) => measure(communicator, settings),
    );
    const partTimes = Object.entries(parts).map(([name, ms]) => `${name} ${ms.toFixed(1)}`);
    console.log(
      `${size} replica(s): ${((1000 * batch) / millisecondsPerStep).toFixed(0)} images/s, ${millisecondsPerStep.toFixed(1)} ms per step; processor time of rank 0: ${processorMilliseconds.toFixed(1)} ms, including ${partTimes.join(', ')}`,
    );
  }
} else {
  await serveReplica<Settings>(async ({ communicator, data }) => void (await measure(communicator, data)));
}
