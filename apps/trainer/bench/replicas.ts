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

// Images a second of the training step on one batch of noise, by the number of replicas, and where rank 0's time goes: the
// processor time of its thread, which other work on the machine does not change much.
// npm run bench:replicas -w apps/trainer [-- batch classes steps]

interface Settings {
  batch: number;
  classes: number;
  steps: number;
  memory: SharedBatch['memory'];
}

interface Timings {
  millisecondsAStep: number;
  processorMilliseconds: number;
  parts: Record<string, number>;
}

/** Processor time of this thread so far, in milliseconds; Linux tells it. */
function processorTime(): number {
  return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6;
}

/** Times what rank 0 spends in some methods of an object. */
function timeMethods<T extends object>(
  object: T,
  names: (keyof T & string)[],
  parts: Record<string, number>,
) {
  for (const name of names) {
    const method = object[name] as (...args: unknown[]) => unknown;
    (object as Record<string, unknown>)[name] = (...args: unknown[]) => {
      const begun = processorTime();
      const add = () => {
        parts[name] = (parts[name] ?? 0) + processorTime() - begun;
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
  timeMethods(state.centers, ['forwardBackward', 'step'], parts);
  const step = createTrainingStep(config, state);
  const shared = SharedBatch.open(memory, imageSize);
  const random = new Random(0, 'bench');
  const images = Uint8Array.from({ length: batch * imageSize * imageSize * 3 }, () => random.uint32() & 255);
  const labels = Int32Array.from({ length: batch }, () => random.int(classes));
  const run = async (i: number) => {
    if (communicator.rank === 0) shared.write(images, labels);
    tell(communicator, { name: 'train' });
    const part = shared.part(batch, communicator.rank, communicator.size);
    await step({ step: i, ...part, share: part.labels.length / batch });
  };
  for (let i = 0; i < 8; i++) await run(i);
  for (const name of Object.keys(parts)) parts[name] = 0;
  const times: number[] = [];
  const processorBefore = processorTime();
  for (let i = 0; i < steps; i++) {
    const begun = performance.now();
    await run(8 + i);
    times.push(performance.now() - begun);
  }
  const processor = processorTime() - processorBefore;
  const a = (ms: number) => ms / steps;
  times.sort((x, y) => x - y);
  return {
    millisecondsAStep: times[steps >> 1],
    processorMilliseconds: a(processor),
    parts: Object.fromEntries(Object.entries(parts).map(([name, ms]) => [name, a(ms)])),
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
    const { millisecondsAStep, processorMilliseconds, parts } = await withReplicas(
      { size, file: fileURLToPath(import.meta.url), data: () => settings },
      (communicator) => measure(communicator, settings),
    );
    const told = Object.entries(parts).map(([name, ms]) => `${name} ${ms.toFixed(1)}`);
    console.log(
      `${size} replica(s): ${((1000 * batch) / millisecondsAStep).toFixed(0)} images/s, ${millisecondsAStep.toFixed(1)} ms a step; rank 0: ${processorMilliseconds.toFixed(1)} ms of processor time, of it ${told.join(', ')}`,
    );
  }
} else {
  await serveReplica<Settings>(async ({ communicator, data }) => void (await measure(communicator, data)));
}
